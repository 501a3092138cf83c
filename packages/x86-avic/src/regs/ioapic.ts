// IOAPIC registers behind IOREGSEL/IOWIN, by index × 4. Intel 82093AA data sheet, section 3.2; KVM answers with version 0x11 and 24 pins.

import { registers } from '@virq/irq-core/registers';

const ENTRY_LOW = {
  vector: [7, 0],
  DM: [10, 8],
  destinationMode: 11,
  deliveryStatus: 12,
  polarity: 13,
  remoteIRR: 14,
  trigger: 15,
  mask: 16,
} as const;

/** The map. Redirection entries are two words each: low at 0x40 + 8n, high 4 above. */
export const IOAPIC = registers('IOAPIC', 'Intel 82093AA I/O APIC', {
  ID: { at: 0x00, access: 'RW', writable: 0x0f000000, fields: { id: [27, 24] }, spec: '3.2.1' },
  VERSION: {
    at: 0x04,
    access: 'RO',
    reset: 0x00170011,
    fields: { maxEntry: [23, 16], version: [7, 0] },
    spec: '3.2.2',
  },
  ARBITRATION: { at: 0x08, access: 'RO', fields: { id: [27, 24] }, spec: '3.2.3' },
  REDIR_LOW: {
    at: 0x40,
    access: 'RW',
    per: 'pin',
    bits: 32,
    count: 24,
    stride: 8,
    reset: 0x10000,
    writable: 0xffffafff,
    fields: ENTRY_LOW,
    values: {
      DM: ['Fixed', 'LowPrio', 'SMI', 'reserved', 'NMI', 'INIT', 'reserved', 'ExtINT'],
      destinationMode: ['physical', 'logical'],
      trigger: ['edge', 'level'],
    },
    spec: '3.2.4',
  },
  REDIR_HIGH: {
    at: 0x44,
    access: 'RW',
    per: 'pin',
    bits: 32,
    count: 24,
    stride: 8,
    fields: { destination: [31, 24] },
    spec: '3.2.4',
  },
});
