// The interrupt driver of a Linux guest in XICS mode: hypercalls for everything. Linux: arch/powerpc/sysdev/xics/icp-hv.c, ics-rtas.c, include/asm/xics.h.

import { EINVAL, EIO, ENOSPC } from '@virq/irq-core/errors';
import type { Context } from '../kvm/context.ts';
import type { GuestDriver, Taken } from './driver.ts';
import type { GuestCpu } from './layout.ts';
import type { LinuxParts } from './linux-xive.ts';

/** Source number of IPIs, and "none". */
const XICS_IPI = 2;
const XICS_SPURIOUS = 0;
const OPEN = 0xff;
/** Priorities of IPIs and of everything else. */
const IPI_PRIORITY = 4;
const DEFAULT_PRIORITY = 5;
/** Number that stands for the IPI in what the driver reports. */
const IPI_IRQ = 16;

/** RTAS calls about sources: KVM answers them itself once QEMU has told it their tokens. Returns the status, 0 or -3. */
export type RtasCall = (
  cpu: number,
  name: 'ibm,set-xive' | 'ibm,int-on' | 'ibm,int-off',
  args: readonly number[],
) => number;

function push(c: GuestCpu, source: number): void {
  c.cpprIndex++;
  c.cpprStack.set(c.cpprIndex, source === XICS_IPI ? IPI_PRIORITY : DEFAULT_PRIORITY);
}

function pop(c: GuestCpu): number {
  if (c.cpprIndex > 0) c.cpprIndex--;
  return c.cpprStack.get(c.cpprIndex);
}

/** Creates the driver. */
export function createLinuxXics(ctx: Context, { guest, irqs, exits }: LinuxParts, rtas: RtasCall): GuestDriver {
  const serverOf = (cpu: number): number => ctx.options.servers[cpu] ?? 0;
  const hcall = (cpu: number, name: 'H_CPPR' | 'H_EOI' | 'H_IPI', args: readonly number[]): number =>
    exits.hcall(cpu, name, args.map(BigInt)).rc;
  const eoiAt = (cpu: number, c: GuestCpu, source: number): number =>
    hcall(cpu, 'H_EOI', [(pop(c) * 2 ** 24 + source) >>> 0]);

  /** ics_rtas_mask_real_irq. */
  function mask(cpu: number, lisn: number): number {
    if (rtas(cpu, 'ibm,int-off', [lisn]) !== 0) return -EIO;
    return rtas(cpu, 'ibm,set-xive', [lisn, serverOf(0), OPEN]) === 0 ? 0 : -EIO;
  }

  /** ics_rtas_unmask_irq. */
  function unmask(cpu: number, lisn: number, target: number): number {
    if (rtas(cpu, 'ibm,set-xive', [lisn, serverOf(target), DEFAULT_PRIORITY]) !== 0) return -EIO;
    return rtas(cpu, 'ibm,int-on', [lisn]) === 0 ? 0 : -EIO;
  }

  const on =
    (run: (cpu: number, i: NonNullable<ReturnType<typeof irqs.at>>) => number) =>
    (cpu: number, irq: number): number => {
      const i = irqs.at(irq);
      return i === null ? -EINVAL : run(cpu, i);
    };

  /** Source of a number that {@link GuestDriver.take} has returned. */
  const sourceOf = (irq: number): number => (irq === IPI_IRQ ? XICS_IPI : (irqs.at(irq)?.lisn ?? -1));

  return {
    setupCpu(cpu) {
      const c = guest.cpus.at(cpu);
      Object.assign(c, { online: 1, cpprIndex: 0 });
      c.cpprStack.set(0, OPEN);
      hcall(cpu, 'H_CPPR', [OPEN]);
      return hcall(cpu, 'H_IPI', [serverOf(cpu), OPEN]) === 0 ? 0 : -EIO;
    },
    map(_cpu, lisn) {
      const known = irqs.find(lisn);
      const irq = known >= 0 ? known : irqs.map(lisn);
      return irq < 0 ? -ENOSPC : irq;
    },
    startup(cpu, irq, target) {
      const i = irqs.at(irq);
      if (i === null || target >= guest.cpus.length || guest.cpus.at(target).online === 0) return -EINVAL;
      Object.assign(i, { target: target + 1, started: 1, disabled: 0 });
      return unmask(cpu, i.lisn, target);
    },
    shutdown: on((cpu, i) => {
      Object.assign(i, { target: 0, started: 0, disabled: 1 });
      return mask(cpu, i.lisn);
    }),
    mask: on((cpu, i) => {
      i.disabled = 1;
      return mask(cpu, i.lisn);
    }),
    unmask: on((cpu, i) => {
      i.disabled = 0;
      return unmask(cpu, i.lisn, Math.max(0, i.target - 1));
    }),
    setAffinity(cpu, irq, target) {
      const i = irqs.at(irq);
      if (i === null || target >= guest.cpus.length || guest.cpus.at(target).online === 0) return -EINVAL;
      i.target = target + 1;
      return rtas(cpu, 'ibm,set-xive', [i.lisn, serverOf(target), DEFAULT_PRIORITY]) === 0 ? 0 : -EIO;
    },
    // A XICS source cannot be made to send again by its guest.
    retrigger: () => -EINVAL,
    take(cpu): Taken {
      const c = guest.cpus.at(cpu);
      const { out } = exits.hcall(cpu, 'H_XIRR', [BigInt(c.cpprStack.get(c.cpprIndex))]);
      const source = Number((out?.[0] ?? 0n) & 0xffffffn);
      if (source === XICS_SPURIOUS) return { irq: 0, lisn: -1 };
      if (source === XICS_IPI) {
        push(c, source);
        return { irq: IPI_IRQ, lisn: -1 };
      }
      const irq = irqs.find(source);
      if (irq >= 0) {
        push(c, source);
        return { irq, lisn: source };
      }
      mask(cpu, source);
      push(c, source);
      eoiAt(cpu, c, source);
      return { irq: 0, lisn: -1 };
    },
    eoi(cpu, irq) {
      const source = sourceOf(irq);
      if (source < 0) return -EINVAL;
      if (irq === IPI_IRQ) hcall(cpu, 'H_IPI', [serverOf(cpu), OPEN]);
      return eoiAt(cpu, guest.cpus.at(cpu), source) === 0 ? 0 : -EIO;
    },
    ipi: (cpu, target) => (hcall(cpu, 'H_IPI', [serverOf(target), IPI_PRIORITY]) === 0 ? 0 : -EINVAL),
    mustReplay: () => false,
  };
}
