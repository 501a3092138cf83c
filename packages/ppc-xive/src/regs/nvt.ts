// Words of a notification virtual target. POWER9 NVT: QEMU include/hw/ppc/xive_regs.h; POWER10 NVP: xive2_regs.h.

import { registers } from '@virq/irq-core/registers';

/** POWER9. Fields are named as in {@link Nvt}; words without fields of the model are left out. */
export const NVT = registers('NVT', 'POWER9 notification virtual target, 64 bytes', {
  W0: { at: 0x00, access: 'RW', fields: { valid: 31 } },
  W1: {
    at: 0x04,
    access: 'RW',
    fields: { endBlock: [31, 28], endIndex: [27, 0] },
    doc: 'its eight ENDs, put here by firmware',
  },
  W4: { at: 0x10, access: 'RW', fields: { ipb: [15, 8] }, doc: 'what found no thread' },
});

/** POWER10. */
export const NVP = registers('NVP', 'POWER10 notification virtual processor, 32 bytes', {
  W0: { at: 0x00, access: 'RW', fields: { valid: 31, saveRestore: 24 }, doc: 'valid; hardware keeps its context (HW)' },
  W1: { at: 0x04, access: 'RW', fields: { checkedOut: 18, thread: [14, 0] }, doc: 'CO, and the PIR of its thread' },
  W2: { at: 0x08, access: 'RW', fields: { cppr: [31, 24], ipb: [23, 16], lsmfb: [15, 8] }, doc: 'context' },
  W5: { at: 0x14, access: 'RW', fields: { endBlock: [27, 24], endIndex: [23, 0] }, doc: 'its eight ENDs' },
});
