// The event queue of a CPU of the guest's Linux, and its view of the TIMA. Linux: arch/powerpc/sysdev/xive/common.c xive_read_eq, xive_scan_interrupts; spapr.c xive_spapr_update_pending.

import { realFrame } from '../hw/ram.ts';
import type { Context } from '../kvm/context.ts';
import type { GuestAccess } from './access.ts';
import type { GuestCpu, GuestState } from './layout.ts';

/** log2 of a queue's bytes (xive_queue_shift: a page of 64 KiB), and its last index. */
export const QUEUE_SHIFT = 16;
const LAST_INDEX = 2 ** (QUEUE_SHIFT - 2) - 1;
const FRAME_SHIFT = 12;
const FRAMES = 2 ** (QUEUE_SHIFT - FRAME_SHIFT);
/** Where the guest's allocator puts the first queue: 16 MiB. */
const FIRST_QUEUE = 0x1000;

/** The one priority that Linux uses: the least favoured that the hypervisor does not keep. */
export const GUEST_PRIORITY = 6;

const ACK_OS = { offset: 0x810, size: 2 } as const;
const OS_CPPR = { offset: 0x11, size: 1 } as const;
const NSR_EO = 0x80;
/** CPPR that lets everything pass. */
export const OPEN = 0xff;

/** Queue and TIMA of the guest's CPUs. */
export interface LinuxQueue {
  /** A zeroed page for the queue: its address. */
  allocate(cpu: number): bigint;
  /** Acknowledge cycle: the priority found joins those pending. */
  updatePending(cpu: number): void;
  /** The next interrupt (0: none); CPPR follows. `peek` leaves it in the queue. */
  scan(cpu: number, peek: boolean): number;
  setCppr(cpu: number, value: number): void;
}

/** Creates it. `isKnown`: the interrupt has a descriptor; others are dropped. */
export function createLinuxQueue(
  ctx: Context,
  guest: GuestState,
  access: GuestAccess,
  isKnown: (irq: number) => boolean,
): LinuxQueue {
  const { ram } = ctx.host.xive;
  const frameOf = (frame: number): number => realFrame(1 + ctx.vm, frame);

  function entry(c: GuestCpu): number {
    const offset = c.idx * 4;
    return ram.load(frameOf(c.qpage - 1 + (offset >>> FRAME_SHIFT)), offset & 0xfff);
  }

  /** xive_read_eq: 0 when there is no new entry. */
  function read(c: GuestCpu, peek: boolean): number {
    if (c.qpage === 0) return 0;
    const cur = entry(c);
    if (cur >>> 31 === c.toggle) return 0;
    if (!peek) {
      c.idx = c.idx === LAST_INDEX ? 0 : c.idx + 1;
      if (c.idx === 0) c.toggle ^= 1;
    }
    return cur & 0x7fffffff;
  }

  function emptied(c: GuestCpu, priority: number): void {
    c.pendingPrio &= ~(1 << priority);
    c.count -= c.pendingCount;
    c.pendingCount = 0;
  }

  function setCppr(cpu: number, value: number): void {
    guest.cpus.at(cpu).cppr = value;
    access.timaStore(cpu, OS_CPPR, value);
  }

  return {
    allocate(cpu) {
      const first = FIRST_QUEUE + cpu * FRAMES;
      for (let i = 0; i < FRAMES; i++) ram.clear(frameOf(first + i));
      Object.assign(guest.cpus.at(cpu), { qpage: first + 1, idx: 0, toggle: 0, count: 0, pendingCount: 0 });
      return BigInt(first) << BigInt(FRAME_SHIFT);
    },
    updatePending(cpu) {
      const ack = access.timaLoad(cpu, ACK_OS);
      const cppr = ack & 0xff;
      if (((ack >> 8) & NSR_EO) === 0 || cppr === OPEN) return;
      const c = guest.cpus.at(cpu);
      c.pendingPrio |= 1 << cppr;
      c.cppr = cppr;
    },
    scan(cpu, peek) {
      const c = guest.cpus.at(cpu);
      let irq = 0;
      let priority = OPEN;
      while (c.pendingPrio !== 0 && irq === 0) {
        priority = 31 - Math.clz32(c.pendingPrio & -c.pendingPrio);
        irq = priority === GUEST_PRIORITY ? read(c, peek) : 0;
        if (irq === 0) emptied(c, priority);
        else if (!peek && !isKnown(irq)) {
          if (ctx.trace.on) ctx.trace.emit('guest_bad_irq', { cpu, irq });
          irq = 0;
        }
      }
      if (irq === 0) priority = OPEN;
      if (priority !== c.cppr) setCppr(cpu, priority);
      return irq;
    },
    setCppr,
  };
}
