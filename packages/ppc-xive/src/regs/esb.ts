// The pages of a source's event state buffer, by what an access does. QEMU: hw/intc/xive.c xive_source_esb_{read,write}; Linux: arch/powerpc/include/asm/xive-regs.h.

import { registers } from '@virq/irq-core/registers';
import { ESB } from '../hw/esb.ts';

const PQ = { P: 1, Q: 0 } as const;
const row = { width: 64, sizes: [8], fields: PQ } as const;

/** The management page. A load sets PQ at the SET_PQ offsets and returns what it was; a store sets it as well. */
export const ESB_PAGE_MAP = registers(
  'ESB management page',
  'odd page of a pair, or the only page of a source; each operation answers in a range of offsets, the page repeats every 4 KiB',
  {
    LOAD_EOI: {
      at: ESB.LOAD_EOI,
      access: 'RW',
      ...row,
      doc: 'to 0x3ff. Load: EOI, 1 if it sent an event. Store: trigger',
    },
    STORE_EOI: {
      at: ESB.STORE_EOI,
      access: 'RW',
      ...row,
      doc: 'to 0x7ff. Load: EOI. Store: EOI, where it is supported',
    },
    GET: { at: ESB.GET, access: 'RW', ...row, doc: 'to 0xbff. Load: PQ. Store: an event, whatever PQ is' },
    SET_PQ_00: { at: ESB.SET_PQ_00, access: 'RW', ...row, doc: 'to 0xcff; returns PQ, sets 00: enabled' },
    SET_PQ_01: { at: ESB.SET_PQ_01, access: 'RW', ...row, doc: 'to 0xdff; returns PQ, sets 01: off' },
    SET_PQ_10: { at: ESB.SET_PQ_10, access: 'RW', ...row, doc: 'to 0xeff; returns PQ, sets 10: pending' },
    SET_PQ_11: { at: ESB.SET_PQ_11, access: 'RW', ...row, doc: 'to 0xfff; returns PQ, sets 11: pending and queued' },
  },
  { sizes: [8], align: 'natural', endian: 'big', wrongSize: 'all-ones' },
);

/** The trigger page. */
export const ESB_TRIGGER_MAP = registers(
  'ESB trigger page',
  'even page of a pair: any store triggers, a load is an error',
  { TRIGGER: { at: 0, access: 'WO', ...row, doc: 'any offset' } },
  { sizes: [8], align: 'natural', endian: 'big', wrongSize: 'all-ones' },
);
