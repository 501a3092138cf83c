// The IOAPIC's guest registers behind IOREGSEL and IOWIN, and what a write to a redirection entry sets off. Linux: ioapic.c.

import { CHIP, type Context, X86_REQ } from './context.ts';
import { type Delivery, lapicIrq } from './destination.ts';
import { type IoapicChip, RTE } from './ioapic.ts';
import { DM } from './lapic.ts';
import { IOAPIC_PINS, type Redirection } from './layout.ts';

export const IOAPIC_BASE = 0xfec00000;
/** Bits of the low word that the guest cannot write. */
const READ_ONLY = RTE.DELIVERY_STATUS | RTE.REMOTE_IRR;

/** Indirect registers by index. */
export const INDEX = { ID: 0, VERSION: 1, ARBITRATION: 2, REDIRECTION: 0x10 } as const;

/** Guest accesses to the IOAPIC. */
export interface IoapicRegs {
  /** Register behind IOREGSEL. */
  readIndirect(index: number): number;
  writeIndirect(index: number, value: number): void;
  /** MMIO at an offset from the base; null outside the 256 bytes or when not aligned to 16. */
  read(offset: number): number;
  write(offset: number, value: number): void;
}

/** Creates the register side. */
export function createIoapicRegs(ctx: Context, chip: IoapicChip, delivery: Delivery): IoapicRegs {
  const { ioapic } = ctx.state;
  const { version, eoiRegister, missingRegister, writeServesEdge } = ctx.ioapicProfile;
  const { vcpus } = ctx.kvm;
  const probe = lapicIrq();
  const askToScan = (vcpu: number): void => vcpus.request(vcpu, X86_REQ.SCAN_IOAPIC);

  /** Who rescans after a write: the old and the new destinations of a fixed entry, else everybody. */
  function rescan(e: Redirection, oldDest: number, oldLogical: number): void {
    if (((e.lo >> RTE.DM_SHIFT) & 7) !== DM.FIXED) return vcpus.requestAll(X86_REQ.SCAN_IOAPIC);
    probe.vector = e.lo & RTE.VECTOR;
    probe.dest = e.hi >>> 24;
    probe.logical = (e.lo >> 11) & 1;
    delivery.eachDestination(probe, askToScan);
    if (probe.dest === oldDest && probe.logical === oldLogical) return;
    // Linux: the old destination is read in the new destination mode.
    probe.dest = oldDest;
    delivery.eachDestination(probe, askToScan);
  }

  /** A pin whose line stayed up while masked: serve it, or (6.x) tell the resampler's owners to look again. */
  function unmasked(pin: number, e: Redirection): void {
    const waiting = (writeServesEdge || (e.lo & RTE.LEVEL) !== 0) && (ioapic.irr & (1 << pin)) !== 0;
    if (!waiting) return;
    if (!ctx.kvm.profile.resampleOnUnmask) {
      chip.service(pin, false);
      return;
    }
    if ((e.lo & (RTE.MASK | RTE.REMOTE_IRR)) !== 0) return;
    if (ctx.kvm.notifyResampler(CHIP.IOAPIC, pin)) ioapic.irr &= ~(1 << pin);
    else chip.service(pin, false);
  }

  function writeRedirection(index: number, value: number): void {
    const pin = (index - INDEX.REDIRECTION) >> 1;
    if (pin >= IOAPIC_PINS) return;
    const e = chip.entry(pin);
    const maskBefore = e.lo & RTE.MASK;
    const oldDest = e.hi >>> 24;
    const oldLogical = (e.lo >> 11) & 1;
    const lo = index & 1 ? e.lo : (value & ~READ_ONLY) | (e.lo & READ_ONLY);
    const kept = (lo & RTE.LEVEL) === 0 ? lo & ~RTE.REMOTE_IRR : lo;
    chip.setEntry(pin, kept >>> 0, index & 1 ? value >>> 0 : e.hi);
    const mask = e.lo & RTE.MASK;
    if (mask !== maskBefore) ctx.kvm.fireMaskNotifiers(CHIP.IOAPIC, pin, mask ? 1 : 0);
    unmasked(pin, e);
    rescan(e, oldDest, oldLogical);
  }

  function readRedirection(index: number): number {
    const pin = (index - INDEX.REDIRECTION) >> 1;
    // Linux: reserved indices below the table read like entries beyond it.
    if (pin < 0 || pin >= IOAPIC_PINS) return missingRegister;
    const e = chip.entry(pin);
    return index & 1 ? e.hi : e.lo;
  }

  const regs: IoapicRegs = {
    readIndirect(index) {
      if (index === INDEX.VERSION) return version;
      if (index === INDEX.ID || index === INDEX.ARBITRATION) return (ioapic.id << 24) >>> 0;
      return readRedirection(index);
    },
    writeIndirect(index, value) {
      if (index === INDEX.ID) ioapic.id = (value >>> 24) & 0xf;
      else if (index >= INDEX.REDIRECTION) writeRedirection(index, value);
    },
    read(offset) {
      if (offset === 0x00) return ioapic.select;
      return offset === 0x10 ? regs.readIndirect(ioapic.select) : 0;
    },
    write(offset, value) {
      if (offset === 0x00) ioapic.select = value & 0xff;
      else if (offset === 0x10) regs.writeIndirect(ioapic.select, value);
      else if (offset === 0x40 && eoiRegister) chip.endVector(value);
    },
  };
  return regs;
}
