// The MSI message as x86 reads it: address and data words. Intel SDM vol. 3 11.11; KVM does not check that the address is 0xfeexxxxx.

import { registers } from '@virq/irq-core/registers';

/** The map, by byte of the message. ADDRESS_HIGH counts only with KVM_CAP_X2APIC_API, bit 0; its bits 7:0 must then be zero. */
export const MSI = registers('MSI', 'Intel SDM volume 3, section 11.11 (message signalled interrupts)', {
  ADDRESS_LOW: {
    at: 0x0,
    access: 'RW',
    fields: { prefix: [31, 20], destination: [19, 12], redirectionHint: 3, destinationMode: 2 },
    values: { destinationMode: ['physical', 'logical'] },
    spec: '11.11.1',
  },
  ADDRESS_HIGH: { at: 0x4, access: 'RW', fields: { destinationHigh: [31, 8] }, spec: '11.11.1' },
  DATA: {
    at: 0x8,
    access: 'RW',
    fields: { trigger: 15, level: 14, DM: [10, 8], vector: [7, 0] },
    values: {
      trigger: ['edge', 'level'],
      DM: ['Fixed', 'LowPrio', 'SMI', 'reserved', 'NMI', 'INIT', 'reserved', 'ExtINT'],
    },
    spec: '11.11.2',
  },
});
