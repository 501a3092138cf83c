// What a model counts beside the machine's own state, so that its properties can ask for it. No step of the kernel or of the hardware reads it.

import { array, bits, struct, u1, u8, type View } from '@virq/irq-core/arena';
import { defineHostPart, type HostPart } from '@virq/irq-core/backend';

/** vCPUs that a model has at most. */
export const MAX_VCPUS = 2;

/** `taken` counts by vCPU what guests took, up to {@link MANY}; `unasked` is set once one took an interrupt of a device that was quiet. `done` says that an agent is through. */
export const Tally = struct('tally', { taken: array(bits(2), MAX_VCPUS), unasked: u1, done: u1, saved: u8 });
export type Tally = View<typeof Tally>;

/** Where counting ends. */
const MANY = 3;

/** A guest has taken an interrupt. */
export const countTaken = ({ taken }: Tally, vcpu: number): void =>
  taken.set(vcpu, Math.min(MANY, taken.get(vcpu) + 1));

/** The counters as a part of the host. */
export const tallyPart: HostPart<(typeof Tally)['fields'], Tally> = defineHostPart({
  name: 'tally',
  summary: 'counters of a model',
  options: {},
  layout: () => Tally,
  attach: (_context, state) => state as unknown as Tally,
  protocols: [],
  properties: [],
  operations: {},
  events: {},
  inspect: () => [],
});
