// What must hold when a scenario is over, whatever it was about. Names read as sentences. Linux: drivers/vfio/pci/vfio_pci_intrs.c, kernel/irq/spurious.c.

import type { AnyBackend, AnyHostPart } from '@virq/irq-core/backend';
import type { Machine, Vm } from '@virq/irq-core/machine';
import { IRQ_TYPE } from '@virq/irq-core/vfio';

/** What is broken when the kernel crashes: the checker's built-in property of that name. */
export const NO_STEP_FAILS = 'no step fails';

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
      const masked = d.irqType === IRQ_TYPE.INTX && d.masked === 1 && d.virqDisabled === 0;
      const stuck = masked && machine.vfio.asserts(i);
      if (stuck && !willBeResampled(machine, d.unmask))
        return `${spec.name} asserts INTx and is masked, and no resamplefd leads back to it`;
    }
    return null;
  },
};

/** Trigger eventfds of a device, 0 where there is none. */
function* triggersOf(machine: Machine, device: number): Generator<readonly [number, string]> {
  const d = machine.vfio.state.devices.at(device);
  if (d.irqType === IRQ_TYPE.INTX) yield [d.trigger, 'INTx'];
  for (let v = 0; v < d.vectors.length; v++)
    if (d.vectors.at(v).enabled === 1) yield [d.vectors.at(v).trigger, `vector ${v}`];
}

function isBound(machine: Machine, eventfd: number): boolean {
  return machine.kvms.some(({ state: { irqfds } }) => {
    for (let i = irqfds.next(0); i >= 0; i = irqfds.next(i + 1)) if (irqfds.slot(i).eventfd === eventfd) return true;
    return false;
  });
}

/** A count that is left without an irqfd was seen by nobody. With one it says nothing: binding injects, but leaves the count. */
const unheard: EndProperty = {
  name: 'no signal of a device waits in an eventfd that nobody listens to',
  broken(machine) {
    for (const [i, spec] of machine.vfio.specs.entries())
      for (const [fd, what] of triggersOf(machine, i)) {
        const count = machine.eventfds.check(fd) === 0 ? machine.eventfds.count(fd) : 0;
        if (count > 0 && !isBound(machine, fd))
          return `${spec.name} signalled ${what} ${count} times, and no irqfd is bound to its eventfd`;
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

/** A process may wait here for ever: a halted vCPU. */
function isIdle({ processes }: Machine, pid: number): boolean {
  const { labels, notes } = processes.protocolOf(pid);
  return notes[labels.indexOf(processes.labelOf(pid))]?.idle === true;
}

const workLeft: EndProperty = {
  name: 'nothing is left half done',
  broken(machine) {
    let pid = machine.processes.next(0);
    while (pid >= 0 && isIdle(machine, pid)) pid = machine.processes.next(pid + 1);
    return pid < 0 ? null : `${machine.processes.protocolOf(pid).name} waits at '${machine.processes.labelOf(pid)}'`;
  },
};

/** Checked at the end of every scenario. */
export const END_PROPERTIES: readonly EndProperty[] = [maskedForever, unheard, unhandledLine, workLeft];

/** Those that hold at rest whatever waits: `check` knows by itself which process waits for ever. */
export const REST_PROPERTIES: readonly EndProperty[] = [maskedForever, unheard, unhandledLine];

/** Properties of the VMs' backends, in the same form. */
export function backendProperties(vms: readonly Vm[]): EndProperty[] {
  return vms.flatMap((vm) =>
    vm.backend.properties.map((p) => ({
      name: p.name,
      broken: () => (p.holds(vm.chip as never) ? null : `VM ${vm.name}`),
    })),
  );
}

/** Properties of the host's parts, in the same form. */
export function partProperties({ hostParts, parts }: Machine): EndProperty[] {
  return hostParts.flatMap((part) =>
    part.properties.map((p) => ({
      name: p.name,
      broken: () => (p.holds(parts[part.name] as never) ? null : 'the host'),
    })),
  );
}

/** Names of all properties that a scenario of these backends can violate. */
export const propertyNames = (backends: Iterable<AnyBackend>, parts: readonly AnyHostPart[]): string[] => [
  NO_STEP_FAILS,
  ...END_PROPERTIES.map((p) => p.name),
  ...[...backends].flatMap((b) => b.properties.map((p) => p.name)),
  ...parts.flatMap((part) => part.properties.map((p) => p.name)),
];
