// The parts of a machine's host: those that its backends bring, and those it is given.

import { ModelError } from '../errors.ts';
import type { EventTexts } from '../events/index.ts';
import type { Remapper } from '../host/index.ts';
import type { AnyHostPart, HostContext, HostSizes } from '../host-part.ts';
import type { Machine, MachineOptions } from './machine.ts';

/** Every part once, those of the backends first. */
export const partsOf = ({ vms, parts = [] }: Pick<MachineOptions, 'vms' | 'parts'>): readonly AnyHostPart[] => [
  ...new Set([...vms.flatMap(({ backend }) => (backend.host === undefined ? [] : [backend.host])), ...parts]),
];

/** Sizes that the parts' layouts depend on. */
export const hostSizes = (o: MachineOptions, vcpus: readonly number[]): HostSizes => ({
  vms: o.vms.length,
  vcpus: Math.max(1, ...vcpus),
  devices: o.devices?.length ?? 0,
});

/** Slot for the IOMMU that a part may bind. */
export interface RemapperSlot {
  bound: Remapper | null;
}

/** Attaches every part; what each returned, by name. */
export function attachParts(
  machine: Machine,
  o: MachineOptions,
  { sizes, states, slot }: { sizes: HostSizes; states: Readonly<Record<string, never>>; slot: RemapperSlot },
): Readonly<Record<string, unknown>> {
  const context: Omit<HostContext, 'options'> = {
    trace: machine.trace,
    kernel: machine.kernel,
    sizes,
    eventfds: machine.eventfds,
    lines: machine.host,
    pci: machine.pci,
    vfio: machine.vfio,
    kvms: machine.kvms,
    processes: () => machine.processes as never,
    now: machine.now,
    bindRemapper(remapper) {
      if (slot.bound !== null) throw new ModelError('the host has two IOMMUs');
      slot.bound = remapper;
    },
  };
  const options = o.host ?? {};
  return Object.fromEntries(
    partsOf(o).map((part) => [part.name, part.attach({ ...context, options }, states[part.name] as never)]),
  );
}

/** Kernel texts of the parts' events. */
export const partTexts = (o: MachineOptions): EventTexts => Object.assign({}, ...partsOf(o).map((p) => p.events));
