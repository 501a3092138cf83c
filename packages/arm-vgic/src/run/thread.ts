// What happens to a vCPU in the guest without the guest's doing: it is kicked, or its maintenance interrupt fires.

import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { kvmVcpuReenter } from './exit.ts';
import { RUN_LOCALS, type RunFrame } from './frame.ts';
import { isKicked, listsOf, type VcpuMachine, vcpuOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** A reason to leave the guest: the IPI of a kick has come, or the CPU interface asks for it. */
function mustExit(m: VcpuMachine, f: RunFrame): boolean {
  if (vcpuOf(m, f).inGuest === 0) return false;
  const { interfaces, nrLr } = listsOf(m, f);
  return isKicked(m, f) || maintenancePending(interfaces.at(f.vcpu), nrLr);
}

/** The thread of a vCPU that is in the guest: a process for `check`, beside those that do what its guest does. */
export const kvmVcpuThread = protocol('vCPU thread', RUN_LOCALS, (p: Combinators<VcpuMachine, RunFrame>) => ({
  wait: p.idle((m, f) => (mustExit(m, f) ? undefined : BLOCKED)),
  ...p.include('run', kvmVcpuReenter as never),
  again: (): Outcome<'wait'> => 'wait',
}));
