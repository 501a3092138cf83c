// A guest executes one instruction at its CPU interface: in the guest, or on a short visit there if its vCPU is in user space.

import { u1, u8, u32 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { isMmio } from '../cpuif/instructions.ts';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { DIR_LOCALS, vgicDeactivate } from '../lists/deactivate.ts';
import { kvmVcpuEnter } from './enter.ts';
import { exitBecause, put } from './exit.ts';
import { EXIT, type Exit } from './exits.ts';
import { RUN_LOCALS, type RunFrame } from './frame.ts';
import { isKicked, listsOf, type VcpuMachine, vcpuOf, vcpusOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** `what` is the instruction, `value` its operand; `visits` the vCPU came in for it, `acted` it is done, `trapped` it was a DIR that KVM has to do. */
export const ACT_LOCALS = {
  ...RUN_LOCALS,
  ...DIR_LOCALS,
  what: u8,
  value: u32,
  visits: u1,
  acted: u1,
  trapped: u1,
} as const;
export type ActFrame = RunFrame & { -readonly [K in keyof typeof ACT_LOCALS]: number };

/** A vCPU on its way in or out goes on first. */
function begin(m: VcpuMachine, f: ActFrame): Outcome<'goIn' | 'check'> {
  const v = vcpuOf(m, f);
  if (v.inKvm === 1) return BLOCKED;
  if (v.inGuest === 1) return 'check';
  f.visits = 1;
  return 'goIn';
}

/** The instruction, unless a kick comes first. An exit follows if it traps, if the CPU interface asks for one, or if the visit is over. */
function act(m: VcpuMachine, f: ActFrame): Outcome<never> {
  f.trapped = vcpusOf(m, f).execute(f.vcpu, f.what, f.value) ? 1 : 0;
  f.acted = 1;
  const { interfaces, nrLr } = listsOf(m, f);
  if (f.trapped === 1 || f.visits === 1 || maintenancePending(interfaces.at(f.vcpu), nrLr)) return;
  return DONE;
}

/** A trapped DIR, or what the guest has not asked for: a kick, a maintenance interrupt, the end of a visit. */
const whyOf = (f: ActFrame): Exit => {
  if (f.trapped === 0) return EXIT.IRQ;
  return isMmio(f.what) ? EXIT.DABT_LOW : EXIT.SYS64;
};

/** What follows an exit: the trapped DIR and an entry, the end of a visit, or an entry. */
function handle(_m: VcpuMachine, f: ActFrame): Outcome<'put' | 'goIn'> {
  if (f.trapped === 1) return undefined;
  return f.visits === 1 && f.acted === 1 ? 'put' : 'goIn';
}

/** Back in the guest: a visitor whose instruction is done leaves. */
function entered(_m: VcpuMachine, f: ActFrame): Outcome<'act' | 'goOut'> {
  if (f.acted === 0) return 'act';
  return f.visits === 1 ? 'goOut' : undefined;
}

/** One instruction as a path. */
export const kvmGuestAct = protocol('guest instruction', ACT_LOCALS, (p: Combinators<VcpuMachine, ActFrame>) => ({
  begin,
  check: (m, f): Outcome<'act' | 'goOut'> => (isKicked(m, f) ? 'goOut' : 'act'),
  act,
  goOut: () => undefined,
  ...p.include('exit', exitBecause(whyOf) as never),
  handle,
  ...p.include('dir', vgicDeactivate as never),
  isHandled(_m, f): Outcome<'goIn'> {
    f.trapped = 0;
    return 'goIn';
  },
  put(m, f): Outcome<never> {
    put(m, f);
    return DONE;
  },
  goIn: () => undefined,
  ...p.include('enter', kvmVcpuEnter as never),
  entered,
}));
