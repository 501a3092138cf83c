// Implementation `qemu` of the POWER backend: the XIVE of powernv9 and powernv10 without firmware, as QEMU 7.2 models it.

import { type Backend, defineBackend } from '@virq/irq-core/backend';
import { powerEvents } from '../events.ts';
import { xiveInspect } from '../hw/inspect.ts';
import { noOverrun } from '../hw/properties.ts';
import { REGISTERS } from '../regs/index.ts';
import { createPowernvChip, type PowernvChip } from './chip.ts';
import { powernvLayout } from './machine.ts';
import { powernvVocabulary } from './vocabulary.ts';

/** The backend. */
export const powernv: Backend<typeof powernvLayout.fields, PowernvChip> = defineBackend({
  specVersion: 1,
  name: 'ppc-xive',
  arch: 'powerpc',
  summary: "XIVE of QEMU's powernv9 and powernv10 as qtest drives it",
  irqchips: { count: 0, pins: 0 },
  layout: () => powernvLayout,
  attach: createPowernvChip,
  registers: REGISTERS,
  protocols: [],
  properties: [{ name: 'no event queue is overrun', holds: ({ xive }: PowernvChip) => noOverrun(xive.state) }],
  vocabulary: powernvVocabulary,
  events: powerEvents,
  inspect: ({ xive }) => xiveInspect(xive),
});
