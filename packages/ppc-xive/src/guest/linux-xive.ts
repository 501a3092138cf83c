// The interrupt driver of a Linux guest in XIVE exploitation mode. Linux: arch/powerpc/sysdev/xive/common.c, spapr.c.

import { EINVAL, EIO, ENOSPC, ENXIO } from '@virq/irq-core/errors';
import type { Context } from '../kvm/context.ts';
import { ALWAYS_NOTIFY, SRC, SRC_CONFIG } from '../spapr/codes.ts';
import type { GuestAccess } from './access.ts';
import type { GuestDriver, Taken } from './driver.ts';
import type { Exits } from './exits.ts';
import { FIRST_IRQ, type GuestIrq, type GuestState } from './layout.ts';
import { createLinuxEsb, type EsbSource, type LinuxEsb } from './linux-esb.ts';
import { BAD_IRQ, type GuestIrqs } from './linux-irqs.ts';
import { createLinuxQueue, GUEST_PRIORITY, type LinuxQueue, OPEN, QUEUE_SHIFT } from './linux-queue.ts';

/** What the driver works with. */
export interface LinuxParts {
  readonly guest: GuestState;
  readonly irqs: GuestIrqs;
  readonly access: GuestAccess;
  readonly exits: Exits;
}

/** Priority that masks a source in its EAS. */
const MASKED = 0xff;
/** Interrupts that a queue may be given: all entries but one. */
const QUEUE_MAX = 2 ** (QUEUE_SHIFT - 2) - 1;

/** Configuring by hypercalls; `server` numbers are those of the device tree. */
interface LinuxConfig {
  /** xive_spapr_populate_irq_data: flags, and the source off. -EINVAL. */
  populate(cpu: number, s: GuestIrq): number;
  configure(cpu: number, lisn: number, to: { target: number; priority: number; irq: number }): number;
  /** xive_spapr_setup_queue: -EIO. */
  setupQueue(cpu: number): number;
}

function createConfig(ctx: Context, { exits }: LinuxParts, esb: LinuxEsb, queue: LinuxQueue): LinuxConfig {
  const serverOf = (cpu: number): bigint => BigInt(ctx.options.servers[cpu] ?? 0);
  const priority = BigInt(GUEST_PRIORITY);
  return {
    populate(cpu, s) {
      const { rc, out } = exits.hcall(cpu, 'H_INT_GET_SOURCE_INFO', [0n, BigInt(s.lisn)]);
      if (rc !== 0) return -EINVAL;
      const flags = out?.[0] ?? 0n;
      s.lsi = (flags & SRC.LSI) === 0n ? 0 : 1;
      s.hIntEsb = (flags & SRC.H_INT_ESB) === 0n ? 0 : 1;
      s.storeEoi = (flags & SRC.STORE_EOI) === 0n ? 0 : 1;
      esb.mask(cpu, s);
      s.savedP = 0;
      return 0;
    },
    configure(cpu, lisn, to) {
      const args = [SRC_CONFIG.SET_EISN, BigInt(lisn), serverOf(to.target), BigInt(to.priority), BigInt(to.irq)];
      return exits.hcall(cpu, 'H_INT_SET_SOURCE_CONFIG', args).rc === 0 ? 0 : -ENXIO;
    },
    setupQueue(cpu) {
      const server = serverOf(cpu);
      const page = queue.allocate(cpu);
      if (exits.hcall(cpu, 'H_INT_GET_QUEUE_INFO', [0n, server, priority]).rc !== 0) return -EIO;
      const args = [ALWAYS_NOTIFY, server, priority, page, BigInt(QUEUE_SHIFT)];
      return exits.hcall(cpu, 'H_INT_SET_QUEUE_CONFIG', args).rc === 0 ? 0 : -EIO;
    },
  };
}

/** Data of a CPU's IPI: never an LSI, always with pages. */
const ipiSource = (lisn: number): EsbSource => ({ lisn, lsi: 0, hIntEsb: 0, storeEoi: 0, savedP: 0, staleP: 0 });

/** The IPI has one number for all CPUs and a source for each. */
export const IPI_IRQ = FIRST_IRQ;

/** Creates the driver. */
export function createLinuxXive(ctx: Context, parts: LinuxParts): GuestDriver {
  const { guest, irqs, access, exits } = parts;
  const esb = createLinuxEsb(access, exits);
  const queue = createLinuxQueue(ctx, guest, access, (irq) => irq === IPI_IRQ || irqs.at(irq) !== null);
  const config = createConfig(ctx, parts, esb, queue);
  const ipis = Array.from({ length: guest.cpus.length }, (_, cpu) => ipiSource(cpu));

  /** xive_try_pick_target. */
  function pick(target: number): boolean {
    if (target < 0 || target >= guest.cpus.length) return false;
    const c = guest.cpus.at(target);
    if (c.online === 0 || c.count >= QUEUE_MAX) return false;
    c.count++;
    return true;
  }

  /** xive_dec_target_count: taken off once the queue is seen empty. */
  function unpick(i: GuestIrq): void {
    if (i.target > 0) guest.cpus.at(i.target - 1).pendingCount++;
  }

  const on =
    (run: (cpu: number, i: GuestIrq, irq: number) => number) =>
    (cpu: number, irq: number): number => {
      const i = irqs.at(irq);
      return i === null ? -EINVAL : run(cpu, i, irq);
    };

  /** xive_setup_cpu_ipi. */
  function setupIpi(cpu: number): number {
    const s = ipis[cpu] as EsbSource;
    const info = exits.hcall(cpu, 'H_INT_GET_SOURCE_INFO', [0n, BigInt(s.lisn)]);
    if (info.rc !== 0) return -EIO;
    const to = { target: cpu, priority: GUEST_PRIORITY, irq: IPI_IRQ };
    if (config.configure(cpu, s.lisn, to) !== 0) return -EIO;
    guest.cpus.at(cpu).hwIpi = s.lisn + 1;
    esb.unmask(cpu, s);
    return 0;
  }

  /** xive_do_queue_eoi: what is still in the queue is taken as if the interrupt had come again. */
  function queueEoi(cpu: number): void {
    if (queue.scan(cpu, true) !== 0) guest.cpus.at(cpu).replay = 1;
  }

  function move(cpu: number, i: GuestIrq, irq: number, target: number): number {
    if (i.target === target + 1) return 0;
    if (!pick(target)) return -ENXIO;
    const error = config.configure(cpu, i.lisn, { target, priority: GUEST_PRIORITY, irq });
    if (error < 0) return error;
    unpick(i);
    i.target = target + 1;
    return 0;
  }

  return {
    setupCpu(cpu) {
      const c = guest.cpus.at(cpu);
      if (config.setupQueue(cpu) !== 0) return -EIO;
      Object.assign(c, { online: 1, pendingPrio: 0, replay: 0 });
      queue.setCppr(cpu, OPEN);
      return setupIpi(cpu);
    },
    map(cpu, lisn) {
      const known = irqs.find(lisn);
      if (known >= 0) return known;
      const irq = irqs.map(lisn);
      if (irq < 0) return -ENOSPC;
      const i = irqs.at(irq) as GuestIrq;
      if (config.populate(cpu, i) === 0) return irq;
      i.mapped = 0;
      return -EINVAL;
    },
    startup(cpu, irq, target) {
      const i = irqs.at(irq);
      if (i === null) return -EINVAL;
      Object.assign(i, { savedP: 0, staleP: 0, disabled: 0, started: 1 });
      const error = move(cpu, i, irq, target);
      if (error < 0) return error;
      esb.unmask(cpu, i);
      return 0;
    },
    shutdown: on((cpu, i) => {
      if (i.target === 0) return -EINVAL;
      esb.mask(cpu, i);
      config.configure(cpu, i.lisn, { target: i.target - 1, priority: MASKED, irq: BAD_IRQ });
      unpick(i);
      Object.assign(i, { target: 0, started: 0, disabled: 1 });
      return 0;
    }),
    mask: on((cpu, i) => {
      esb.mask(cpu, i);
      i.disabled = 1;
      return 0;
    }),
    unmask: on((cpu, i) => {
      esb.unmask(cpu, i);
      i.disabled = 0;
      return 0;
    }),
    setAffinity(cpu, irq, target) {
      const i = irqs.at(irq);
      return i === null ? -EINVAL : move(cpu, i, irq, target);
    },
    retrigger: on((cpu, i) => {
      if (i.lsi === 1) return -EINVAL;
      esb.retrigger(cpu, i);
      return 0;
    }),
    take(cpu): Taken {
      guest.cpus.at(cpu).replay = 0;
      queue.updatePending(cpu);
      const irq = queue.scan(cpu, false);
      return { irq, lisn: irqs.at(irq)?.lisn ?? -1 };
    },
    eoi(cpu, irq) {
      const i = irqs.at(irq);
      if (irq === IPI_IRQ) esb.eoi(cpu, ipis[cpu] as EsbSource);
      else if (i === null) return -EINVAL;
      else if (i.disabled === 0) esb.eoi(cpu, i);
      else i.staleP = 1;
      if (i !== null) i.savedP = 0;
      queueEoi(cpu);
      return 0;
    },
    ipi(cpu, target) {
      const { hwIpi } = guest.cpus.at(target);
      if (hwIpi === 0) return -EINVAL;
      esb.trigger(cpu, ipis[target] as EsbSource);
      return 0;
    },
    mustReplay: (cpu) => guest.cpus.at(cpu).replay === 1,
  };
}
