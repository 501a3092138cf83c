// What must hold when a scenario is over, whatever it was about. Names read as sentences.

import type { Machine, Session } from '@virq/irq-core/machine';
import { IRQ_TYPE } from '@virq/irq-core/vfio';

/** A property of the machine at rest. Returns what breaks it, or null. */
export interface EndProperty {
  readonly name: string;
  readonly broken: (machine: Machine) => string | null;
}

/** True if somebody waits on the device's unmask eventfd and could still be signalled: a resampler has it. */
function willBeResampled(machine: Machine, eventfd: number): boolean {
  if (eventfd === 0) return false;
  return machine.kvms.some((kvm) => {
    const { irqfds } = kvm.state;
    for (let i = irqfds.next(0); i >= 0; i = irqfds.next(i + 1)) {
      const f = irqfds.slot(i);
      if (f.resamplefd === eventfd && f.resampler !== 0 && lineIsUp(kvm, f.gsi)) return true;
    }
    return false;
  });
}

/** A resampling irqfd's line stays up until the guest's EOI, which then resamples. */
function lineIsUp(kvm: Machine['kvms'][number], gsi: number): boolean {
  return kvm.notifiers.has('ackNotifiers', gsi);
}

const maskedForever: EndProperty = {
  name: 'no device stays asserted and masked while nobody will unmask it',
  broken(machine) {
    for (const [i, spec] of machine.vfio.specs.entries()) {
      const d = machine.vfio.state.devices.at(i);
      const stuck = d.irqType === IRQ_TYPE.INTX && d.intxPending === 1 && d.masked === 1 && d.virqDisabled === 0;
      if (stuck && !willBeResampled(machine, d.unmask))
        return `${spec.name} asserts INTx and is masked, and no resamplefd leads back to it`;
    }
    return null;
  },
};

const unhandledLine: EndProperty = {
  name: 'no host line is disabled because nobody cared',
  broken(machine) {
    const { irqs } = machine.host.state;
    for (let irq = 0; irq < irqs.length; irq++)
      if (irqs.at(irq).spuriousDisabled === 1) return `irq ${irq} was disabled`;
    return null;
  },
};

const workLeft: EndProperty = {
  name: 'nothing is left half done',
  broken(machine) {
    const pid = machine.processes.next(0);
    return pid < 0 ? null : `${machine.processes.protocolOf(pid).name} waits at '${machine.processes.labelOf(pid)}'`;
  },
};

/** Checked at the end of every scenario. */
export const END_PROPERTIES: readonly EndProperty[] = [maskedForever, unhandledLine, workLeft];

/** Properties of the backends in a session, in the same form. */
export function backendProperties(session: Session): EndProperty[] {
  return session.machine.vms.flatMap((vm) =>
    vm.backend.properties.map((p) => ({
      name: p.name,
      broken: () => (p.holds(vm.chip as never) ? null : `VM ${vm.name}`),
    })),
  );
}
