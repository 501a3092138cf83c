// A guest accesses a page of a source: through what is mapped, or after a page fault. The access itself is one step, as the bus has it.

import { u1, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { PFN } from '../kvm/layout.ts';
import { esbFault, esbFaultCorrected, FAULT, FAULT_LOCALS } from './esb-fault.ts';
import { type PowerMachine, roomOf } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** `at` is the offset in the page. */
const LOCALS = { ...FAULT_LOCALS, at: u16, store: u1 } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

function isMapped(m: PowerMachine, f: Frame): Outcome<'access'> {
  f.pfn = roomOf(m, f).mappings.pte(f.page);
  return f.pfn === PFN.NONE ? undefined : 'access';
}

/** A page that has gone again meanwhile faults again; a signal ends it. */
const again = (_m: PowerMachine, f: Frame): Outcome<'isMapped'> => (f.result === FAULT.NOPAGE ? 'isMapped' : DONE);

function access(m: PowerMachine, f: Frame): void {
  const { sources } = m.parts.power.xive;
  if (f.store === 1) sources.store(PFN.sourceOf(f.pfn), PFN.pageOf(f.pfn), f.at);
  else sources.load(PFN.sourceOf(f.pfn), PFN.pageOf(f.pfn), f.at);
}

const accessWith = (name: string, fault: typeof esbFault) =>
  protocol(name, LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
    isMapped,
    ...p.include('fault', fault),
    again,
    access,
  }));

/** Over the kernel's fault handler, and over the corrected one. */
export const esbAccess = accessWith('ESB access', esbFault);
export const esbAccessCorrected = accessWith('ESB access (corrected)', esbFaultCorrected);
