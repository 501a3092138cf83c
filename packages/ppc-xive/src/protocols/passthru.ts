// An irqfd and a device's vector have met, or part: the VM's map of passed-through interrupts. Linux: book3s_hv.c kvmppc_set_passthru_irq, kvmppc_clr_passthru_irq, under kvm->lock.

import { u16 } from '@virq/irq-core/arena';
import { EAGAIN, EINVAL, ENODEV, ENOENT } from '@virq/irq-core/errors';
import { type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import type { XiveKvmState } from '../kvm/layout.ts';
import { clrMapped, clrMappedCorrected } from './clr-mapped.ts';
import { MAPPED_LOCALS, setMapped, setMappedCorrected } from './set-mapped.ts';
import { type PowerMachine, roomOf } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** Host irq that is no message vector of a device. */
export const NO_IRQ = 0xffff;

/** `entry` is an index into the map. */
export const PASSTHRU_LOCALS = { ...MAPPED_LOCALS, entry: u16 } as const;
type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

const stateOf = (m: PowerMachine, f: Frame): XiveKvmState => roomOf(m, f).context.state;

/** Entry of a guest's number, or the first that was never used; the size of the map if there is neither. */
function entryOf({ passthru }: XiveKvmState, gsi: number): number {
  for (let i = 0; i < passthru.length; i++) {
    const e = passthru.at(i);
    if (e.used === 0 || e.gsi === gsi) return i;
  }
  return passthru.length;
}

/** Why a pair cannot be entered, as a positive errno: ENOENT for a host irq that is no PCI MSI, EINVAL for a number that is mapped, EAGAIN when the map is full. */
export function refusal(state: XiveKvmState, gsi: number, irq: number): number {
  const entry = entryOf(state, gsi);
  if (irq === NO_IRQ) return ENOENT;
  if (entry === state.passthru.length) return EAGAIN;
  return state.passthru.at(entry).hostIrq === 0 ? 0 : EINVAL;
}

function reserve(m: PowerMachine, f: Frame): Outcome<'unlock kvm'> {
  const state = stateOf(m, f);
  f.ret = refusal(state, f.gsi, f.irq);
  if (f.ret !== 0) return 'unlock kvm';
  f.entry = entryOf(state, f.gsi);
  Object.assign(state.passthru.at(f.entry), { used: 1, gsi: f.gsi, hostIrq: f.irq + 1 });
  return undefined;
}

/** Linux: whatever set_mapped returned, the answer is 0, and the irqbypass manager holds the two for connected. */
function settle(m: PowerMachine, f: Frame): void {
  if (f.ret !== 0) stateOf(m, f).passthru.at(f.entry).hostIrq = 0;
  f.ret = 0;
}

const setPassthruWith = (name: string, inner: typeof setMapped) =>
  protocol(name, PASSTHRU_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
    ...p.locked('kvm', (m, f) => stateOf(m, f).kvmLock, {
      reserve,
      ...p.include('map', inner),
      settle,
    }),
  }));

/** Finds the entry: ENODEV for a number that was never mapped, unless nothing ever was. */
function find(m: PowerMachine, f: Frame): Outcome<'unlock kvm'> {
  const state = stateOf(m, f);
  if (state.passthru.length === 0 || state.passthru.at(0).used === 0) return 'unlock kvm';
  f.entry = entryOf(state, f.gsi);
  const known = f.entry < state.passthru.length && state.passthru.at(f.entry).used === 1;
  f.ret = known ? 0 : ENODEV;
  return known ? undefined : 'unlock kvm';
}

/** The entry is free for the same number again, whatever clr_mapped returned. */
function invalidate(m: PowerMachine, f: Frame): void {
  stateOf(m, f).passthru.at(f.entry).hostIrq = 0;
}

const clrPassthruWith = (name: string, inner: typeof clrMapped) =>
  protocol(name, PASSTHRU_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
    ...p.locked('kvm', (m, f) => stateOf(m, f).kvmLock, {
      find,
      ...p.include('unmap', inner),
      invalidate,
    }),
  }));

/** add_producer. */
export const setPassthru = setPassthruWith('kvmppc_set_passthru_irq', setMapped);
/** The same over the corrected form. */
export const setPassthruCorrected = setPassthruWith('kvmppc_set_passthru_irq (corrected)', setMappedCorrected);
/** del_producer. */
export const clrPassthru = clrPassthruWith('kvmppc_clr_passthru_irq', clrMapped);
/** The same over the corrected form. */
export const clrPassthruCorrected = clrPassthruWith('kvmppc_clr_passthru_irq (corrected)', clrMappedCorrected);

/** `irqfd` is the handle of the irqfd that waits. */
const BYPASS_LOCALS = { ...PASSTHRU_LOCALS, irqfd: u16 } as const;
type BypassFrame = { -readonly [K in keyof typeof BYPASS_LOCALS]: number };

/** The irqfd goes on. */
function answer(m: PowerMachine, f: BypassFrame): void {
  (m.kvms[f.vm] as PowerMachine['kvms'][number]).state.irqfds.at(f.irqfd).irteBusy = 0;
}

const bypassWith = (name: string, inner: typeof setPassthru) =>
  protocol(name, BYPASS_LOCALS, (p: Combinators<PowerMachine, BypassFrame>) => ({
    ...p.include('passthru', inner),
    answer,
  }));

/** A device's interrupt handed over and taken back for an irqfd that waits, as the kernel has it and corrected. */
export const addProducer = bypassWith('kvmppc_irq_bypass_add_producer_hv', setPassthru);
export const addProducerCorrected = bypassWith('kvmppc_irq_bypass_add_producer_hv (corrected)', setPassthruCorrected);
export const delProducer = bypassWith('kvmppc_irq_bypass_del_producer_hv', clrPassthru);
export const delProducerCorrected = bypassWith('kvmppc_irq_bypass_del_producer_hv (corrected)', clrPassthruCorrected);
