// Implementation `qemu` of the Arm backend: GICv2, GICv3 and ITS of a virt machine without a guest, as QEMU 7.2 models them.

import { type Backend, defineBackend } from '@virq/irq-core/backend';
import { armEvents } from '../events.ts';
import { cpusOf, createVirtChip, type VirtChip } from './chip.ts';
import { FRAMES } from './frames.ts';
import { inspectVirt } from './inspect.ts';
import { virtLayout } from './layout.ts';
import { virtVocabulary } from './vocabulary.ts';

/** Frames of memory that can be written: queue, tables and a few ITTs with an ITS. */
const framesOf = (backend: unknown): number => (backend === 'its' ? 512 : 1);

/** The fields of a machine. */
export type VirtFields = ReturnType<typeof virtLayout>['fields'];

/** The backend. */
export const virt: Backend<VirtFields, VirtChip> = defineBackend({
  specVersion: 1,
  name: 'arm-vgic',
  arch: 'arm64',
  summary: "GICv2, GICv3 and ITS of QEMU's virt as qtest and a few instructions drive them",
  irqchips: { count: 0, pins: 0 },
  layout: (_limits, options) => virtLayout(cpusOf(options), framesOf(options['backend'])),
  attach: createVirtChip,
  registers: Object.values(FRAMES).map(({ map }) => map),
  protocols: [],
  properties: [],
  vocabulary: virtVocabulary,
  events: armEvents,
  inspect: inspectVirt,
});
