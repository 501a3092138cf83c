// An event assignment structure, the same in both generations: where the event of a source goes. QEMU: include/hw/ppc/xive_regs.h; skiboot: include/xive-regs.h.

import { bitfield64, registers, type Words } from '@virq/irq-core/registers';
import type { Source } from '../hw/layout.ts';

const FIELDS = { valid: 63, endBlock: [59, 56], endIndex: [55, 32], masked: 31, data: [30, 0] } as const;

/** The map. */
export const EAS = registers('EAS', 'POWER9 and POWER10 event assignment structure, 8 bytes', {
  W: {
    at: 0x00,
    access: 'RW',
    width: 64,
    sizes: [8],
    fields: FIELDS,
    doc: 'data is the EISN that goes into the queue',
  },
});

const eas = bitfield64(FIELDS);

/** What a source keeps of it. */
export type EasFields = Pick<Source, keyof typeof FIELDS>;

/** The 64 bits of a source's EAS. */
export const packEas = ({ valid, endBlock, endIndex, masked, data }: EasFields): Words =>
  eas.pack({ valid, endBlock, endIndex, masked, data });

/** Takes an EAS over into a source. */
export function unpackEas(into: EasFields, { lo, hi }: Words): void {
  for (const [name, value] of Object.entries(eas.unpack(lo, hi))) into[name as keyof EasFields] = value;
}
