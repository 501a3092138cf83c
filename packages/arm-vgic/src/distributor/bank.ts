// A register frame as one vCPU reaches it: which interrupt an element is, and how a write gets to it. Linux: arch/arm64/kvm/vgic/vgic-mmio.h VGIC_ADDR_TO_INTID.

import type { Context } from '../context.ts';
import { INTID, type Irq } from '../irq/layout.ts';
import type { VgicLists } from '../lists/world.ts';
import type { IrqTable } from '../vgic/irqs.ts';
import type { ItsParts } from '../vgic/itss.ts';
import type { VgicPaths } from '../vgic/paths.ts';
import type { RegisterForm } from './forms.ts';
import type { Write } from './writes.ts';

/** SGIs that are the hardware's, of a GICv4.1. */
export interface DirectSgis {
  /** The host has them. */
  readonly onHost: boolean;
  /** GICD_CTLR.nASSGIreq has changed: all SGIs of the VM go over, or come back. The VM is to be stopped for it. */
  configure(): void;
}

/** What registers work on. */
export interface RegisterParts {
  readonly ctx: Context;
  readonly form: RegisterForm;
  readonly irqs: IrqTable;
  readonly lists: VgicLists;
  readonly paths: Pick<VgicPaths, 'queue'>;
  readonly its: Pick<ItsParts, 'lpis' | 'all'>;
  readonly directSgis: DirectSgis;
  /** vCPUs that there are. */
  online(): number;
  /** GICR_TYPER.Last. */
  isLastRedistributor(vcpu: number): boolean;
}

/** What else a write carries: a bit, who makes it, a value, 1 + a target. Numbers that a write does not look at stay as they are. */
export interface Written {
  level: number;
  owner: number;
  value: number;
  target: number;
}

/** The frame as a vCPU reaches it; `vcpu` owns the private interrupts in it. */
export interface Bank extends RegisterParts {
  readonly vcpu: number;
  /** Interrupts of the VM that are no LPIs. */
  nrIrqs(): number;
  /** Handle of an INTID in this frame; -1 beyond the VM's, and for private ones in a distributor that has none. */
  handle(intid: number): number;
  /** Interrupt of a handle. */
  irq(handle: number): Irq;
  /** For {@link Bank.apply}. */
  readonly written: Written;
  /** Runs a write of an interrupt to its end, with what `written` carries. */
  apply(write: Write, handle: number): void;
}

/** Writes whose paths nobody has edited can be done in one go. */
function unedited({ processes }: Context): (write: Write) => boolean {
  const known = new Map<Write, boolean>();
  return (write) => {
    let is = known.get(write);
    if (is === undefined) {
      const running: readonly unknown[] = processes().protocols;
      is = running.includes(write.protocol);
      known.set(write, is);
    }
    return is;
  };
}

/** The bank of a vCPU; a distributor of a GICv3 has no private interrupts. */
export function createBank(parts: RegisterParts, vcpu: number, hasPrivate: boolean): Bank {
  const { ctx, irqs, lists, paths } = parts;
  const { dist } = ctx.state;
  const isAsWritten = unedited(ctx);
  const nrIrqs = (): number => INTID.SPI + dist.nrSpis;
  const written = { vm: ctx.vm, irq: 0, level: 0, owner: 0, value: 0, target: 0 };
  return {
    ...parts,
    vcpu,
    nrIrqs,
    handle(intid) {
      if (intid < INTID.SPI) return hasPrivate ? irqs.private(vcpu, intid) : -1;
      return intid < nrIrqs() ? irqs.firstSpi + intid - INTID.SPI : -1;
    },
    irq: irqs.at,
    written,
    apply(write, handle) {
      const i = irqs.at(handle);
      if (i.irqLock.holder !== 0 || !isAsWritten(write)) {
        written.irq = handle;
        ctx.processes().call(write.protocol as never, written as never);
      } else if (write.change(i, written, lists)) paths.queue(handle);
    },
  };
}
