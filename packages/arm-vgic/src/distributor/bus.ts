// What lies where for a guest's loads and stores: frames that KVM emulates, frames that the guest reaches without it, memory. Linux: virt/kvm/kvm_main.c kvm_io_bus_read,
// kvm_io_bus_write, vgic-mmio.c vgic_register_dist_iodev, vgic-mmio-v3.c vgic_register_redist_iodev.

import type { Context } from '../context.ts';
import { ITS_BYTES } from '../its/its.ts';
import type { Ram } from '../memory/ram.ts';
import { UNREADABLE } from '../memory/ram.ts';
import { REDISTRIBUTOR_BYTES } from '../regs/gicr.ts';
import type { ItsParts } from '../vgic/itss.ts';
import type { ActiveAccess, MmioFrame, RegisterFrames } from './frames.ts';

/** A frame at an address. */
export interface Mapped {
  readonly base: number;
  readonly bytes: number;
  readonly frame: MmioFrame;
  /** KVM emulates it, so that an access is an exit; else the hardware does. */
  readonly traps: boolean;
}

/** What a guest's access meets. */
export interface Target {
  /** `trapped`: an exit, KVM does it. `direct`: the access goes in and out of the guest by itself. `nobody`: the VMM is asked (KVM_EXIT_MMIO). */
  readonly kind: 'trapped' | 'direct' | 'memory' | 'nobody';
  load(cpu: number, size: number): bigint;
  store(cpu: number, size: number, value: bigint): void;
  /** Active bits of 32 interrupts, in a word. */
  active?(cpu: number, isStore: boolean): ActiveAccess | undefined;
}

/** The address space of a guest. */
export interface GuestBus {
  /** What an access of 1, 2, 4 or 8 bytes meets. */
  at(address: number): Target;
}

/** What the bus is made of. `others` are frames of other rooms, such as a GICv2's CPU interface. */
export interface BusParts {
  readonly ctx: Context;
  readonly frames: RegisterFrames;
  readonly its: ItsParts;
  readonly others: () => readonly Mapped[];
}

const HIGH = 2 ** 32;
/** Bytes of a GICv2's and of a GICv3's distributor. */
const DISTRIBUTOR_BYTES = { 2: 0x1000, 3: 0x10000 } as const;

const covers = (base: number, bytes: number, address: number): boolean => address >= base && address < base + bytes;

/** Loads and stores of a frame by access size. */
function frameTarget(frame: MmioFrame, offset: number, kind: Target['kind'] = 'trapped'): Target {
  return {
    kind,
    active: (cpu, isStore) => frame.active(cpu, offset, isStore),
    load: (cpu, size) => (size === 8 ? frame.read64(cpu, offset) : BigInt(frame.read(cpu, offset, size))),
    store(cpu, size, value) {
      if (size === 8) frame.write64(cpu, offset, value);
      else frame.write(cpu, offset, size, Number(value));
    },
  };
}

/** Guest memory, byte by byte as a guest on a little-endian CPU sees it. */
function memoryTarget(ram: Ram, address: number): Target {
  return {
    kind: 'memory',
    load(_cpu, size) {
      let value = 0n;
      for (let n = size - 1; n >= 0; n--) value = (value << 8n) | BigInt(Math.max(0, ram.loadByte(address + n)));
      return value;
    },
    store(_cpu, size, value) {
      for (let n = 0; n < size; n++) ram.storeByte(address + n, Number((value >> BigInt(8 * n)) & 0xffn));
    },
  };
}

const NOBODY: Target = { kind: 'nobody', load: () => 0n, store: () => undefined };

/** An ITS's frames take no notice of the vCPU. */
const itsFrame = (its: ItsParts['all'][number]): MmioFrame => ({
  read: (_cpu, offset, size) => its.read(offset, size),
  write: (_cpu, offset, size, value) => its.write(offset, size, value),
  read64: (_cpu, offset) => its.read64(offset),
  write64: (_cpu, offset, value) => its.write64(offset, value),
  active: () => undefined,
});

/** Creates the bus. The distributor answers once it has an address. */
export function createBus({ ctx, frames, its, others }: BusParts): GuestBus {
  const { dist, redists } = ctx.state;

  /** The distributor is banked by the vCPU that looks. */
  const distributor: MmioFrame = {
    read: (cpu, offset, size) => frames.distributor(cpu).read(cpu, offset, size),
    write: (cpu, offset, size, value) => frames.distributor(cpu).write(cpu, offset, size, value),
    read64: (cpu, offset) => frames.distributor(cpu).read64(cpu, offset),
    write64: (cpu, offset, value) => frames.distributor(cpu).write64(cpu, offset, value),
    active: (cpu, offset, isStore) => frames.distributor(cpu).active(cpu, offset, isStore),
  };

  function inDistributor(address: number): Target | null {
    const base = dist.distBaseHi * HIGH + dist.distBaseLo;
    const bytes = DISTRIBUTOR_BYTES[dist.model === 2 ? 2 : 3];
    if (dist.hasDistBase === 0 || !covers(base, bytes, address)) return null;
    return frameTarget(distributor, address - base);
  }

  function inRedistributor(address: number): Target | null {
    for (let vcpu = 0; vcpu < redists.length; vcpu++) {
      const { onBus, baseHi, baseLo } = redists.at(vcpu);
      const base = baseHi * HIGH + baseLo;
      if (onBus === 1 && covers(base, REDISTRIBUTOR_BYTES, address))
        return frameTarget(frames.redistributor(vcpu), address - base);
    }
    return null;
  }

  function inIts(address: number): Target | null {
    for (const one of its.all) {
      const { baseHi, baseLo, hasBase } = one.context.state;
      const base = baseHi * HIGH + baseLo;
      if (hasBase === 1 && covers(base, ITS_BYTES, address)) return frameTarget(itsFrame(one), address - base);
    }
    return null;
  }

  function inOthers(address: number): Target | null {
    const found = others().find(({ base, bytes }) => covers(base, bytes, address));
    if (found === undefined) return null;
    return frameTarget(found.frame, address - found.base, found.traps ? 'trapped' : 'direct');
  }

  return {
    at: (address) =>
      inDistributor(address) ??
      inRedistributor(address) ??
      inIts(address) ??
      inOthers(address) ??
      (its.ram.load(address - (address % 4)) === UNREADABLE ? NOBODY : memoryTarget(its.ram, address)),
  };
}
