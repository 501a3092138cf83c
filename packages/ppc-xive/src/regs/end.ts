// Words of an event notification descriptor, big-endian in memory. POWER9: QEMU include/hw/ppc/xive_regs.h; POWER10: xive2_regs.h; skiboot: include/xive2-regs.h.

import { registers } from '@virq/irq-core/registers';

/** Both bits of ESn and of ESe: off, as a descriptor has them that nobody uses. */
const OFF = 0x50000000;

/** POWER9. Fields are named as in {@link End}; IBM's bit 0 is bit 31 here. */
export const END = registers('END', 'POWER9 event notification descriptor, 32 bytes', {
  W0: {
    at: 0x00,
    access: 'RW',
    fields: {
      valid: 31,
      enqueue: 30,
      notify: 29,
      backlog: 28,
      precluded: 27,
      escalate: 26,
      unconditional: 25,
      silent: 24,
      qsize: [19, 16],
      firmware: 15,
    },
    doc: 'v q n b p e u s; log2 of the bytes of the queue, minus 12; whether firmware owns it',
  },
  W1: {
    at: 0x04,
    access: 'RW',
    reset: OFF,
    fields: { esn: [31, 30], ese: [29, 28], generation: 22, index: [21, 0] },
    doc: 'PQ of notifications and of escalations, and where the next entry goes',
  },
  W2: { at: 0x08, access: 'RW', fields: { qaddrHi: [27, 0] }, doc: 'address of the queue, high' },
  W3: { at: 0x0c, access: 'RW', fields: { qaddrLo: [31, 0] }, doc: 'address of the queue, low' },
  W4: { at: 0x10, access: 'RW', fields: { escBlock: [27, 24], escIndex: [23, 0] }, doc: 'END to escalate to' },
  W5: { at: 0x14, access: 'RW', fields: { escData: [30, 0] }, doc: 'data of the escalation' },
  W6: {
    at: 0x18,
    access: 'RW',
    fields: { format: 23, nvtBlock: [22, 19], nvtIndex: [18, 0] },
    values: { format: ['NVT', 'user-level event-based branch'] },
    doc: 'target',
  },
  W7: { at: 0x1c, access: 'RW', fields: { ignore: 31, priority: [23, 16] }, doc: 'of a target NVT; 0xff: masked' },
});

/** POWER10. */
export const END2 = registers('END2', 'POWER10 event notification descriptor, 32 bytes', {
  W0: {
    at: 0x00,
    access: 'RW',
    fields: {
      valid: 31,
      enqueue: 26,
      notify: 25,
      silent: 24,
      backlog: 23,
      precluded: 22,
      unconditional: 21,
      escalate: 20,
      escalateEnd: 18,
      firmware: 15,
    },
    doc: 'v q n s b p u e N; whether firmware owns it',
  },
  W1: {
    at: 0x04,
    access: 'RW',
    reset: OFF,
    fields: { esn: [31, 30], ese: [29, 28], genFlipped: 23, generation: 22, index: [21, 0] },
    doc: 'PQ of notifications and of escalations, and where the next entry goes',
  },
  W2: { at: 0x08, access: 'RW', fields: { qaddrHi: [23, 0] }, doc: 'address of the queue, high' },
  W3: {
    at: 0x0c,
    access: 'RW',
    fields: { qaddrLo: [31, 7], qsize: [3, 0] },
    doc: 'bits 31:7 of the address; log2 of the bytes, minus 12',
  },
  W4: { at: 0x10, access: 'RW', fields: { escBlock: [27, 24], escIndex: [23, 0] }, doc: 'END to escalate to' },
  W5: { at: 0x14, access: 'RW', fields: { escData: [30, 0] }, doc: 'data of the escalation' },
  W6: {
    at: 0x18,
    access: 'RW',
    fields: { format: 31, ignore: 30, nvtBlock: [27, 24], nvtIndex: [23, 0] },
    values: { format: ['NVP', 'user-level event-based branch'] },
    doc: 'target',
  },
  W7: { at: 0x1c, access: 'RW', fields: { priority: [23, 16] }, doc: 'of a target NVP; 0xff: masked' },
});
