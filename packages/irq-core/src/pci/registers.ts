// The registers of a type 0 header that interrupts need. PCI Local Bus Specification 3.0, 6.2.2 to 6.2.4; Linux: include/uapi/linux/pci_regs.h.

import type { Host } from '../host/index.ts';
import { type Block, behave, registers } from '../registers/index.ts';
import type { PciFunction } from './layout.ts';
import { driveLine } from './pin.ts';

/** COMMAND bit 10, Interrupt Disable (DisINTx). */
export const INTX_DISABLE = 0x400;
/** STATUS bit 3, Interrupt Status: pending inside the function, whatever DisINTx says. */
export const INTX_STATUS = 0x08;
/** Offsets in configuration space. */
export const CONFIG = { COMMAND: 0x04, STATUS: 0x06, INTERRUPT_LINE: 0x3c, INTERRUPT_PIN: 0x3d } as const;

/** STATUS bit 4: the function has a capability list. */
const CAPABILITIES = 0x10;

/** What an access works on. */
export interface ConfigContext {
  readonly f: PciFunction;
  readonly host: Host;
}

/** Register map of the header, as far as it is modelled. */
export const CONFIG_SPACE = registers(
  'PCI configuration space',
  'PCI Local Bus Specification 3.0',
  {
    COMMAND: {
      at: CONFIG.COMMAND,
      width: 16,
      access: 'RW',
      writable: 0x0577,
      spec: '6.2.2',
      fields: { IO: 0, MEMORY: 1, MASTER: 2, MWI: 4, VGA: 5, PARITY: 6, SERR: 8, FAST_BACK: 9, INTX_DISABLE: 10 },
    },
    STATUS: {
      at: CONFIG.STATUS,
      width: 16,
      access: 'W1C',
      writable: 0xf900,
      spec: '6.2.3',
      fields: {
        INTX: 3,
        CAP_LIST: 4,
        PARITY: 8,
        SIG_TARGET_ABORT: 11,
        REC_TARGET_ABORT: 12,
        REC_MASTER_ABORT: 13,
        SIG_SYSTEM_ERROR: 14,
        DETECTED_PARITY: 15,
      },
    },
    INTERRUPT_LINE: { at: CONFIG.INTERRUPT_LINE, width: 8, access: 'RW', spec: '6.2.4', doc: 'software scratch' },
    INTERRUPT_PIN: {
      at: CONFIG.INTERRUPT_PIN,
      width: 8,
      access: 'RO',
      spec: '6.2.4',
      fields: { PIN: [2, 0] },
      values: { PIN: ['none', 'INTA', 'INTB', 'INTC', 'INTD'] },
    },
  },
  { sizes: [1, 2, 4], align: 'natural', hole: 'raz', wrongSize: 'ignore' },
);

/** STATUS as it reads. */
export const statusOf = (f: PciFunction): number =>
  f.status | CAPABILITIES | (f.pending === 1 && f.lies === 0 ? INTX_STATUS : 0);

/** Configuration space that can be accessed. A function from before PCI 2.3 has bit 10 reserved. */
export const configBlock: Block<ConfigContext> = behave<ConfigContext, keyof (typeof CONFIG_SPACE)['rows'] & string>(
  CONFIG_SPACE,
  {
    COMMAND: {
      read: ({ f }) => f.command,
      write({ f, host }, value) {
        f.command = f.settable === 1 ? value : value & ~INTX_DISABLE;
        driveLine(host, f);
      },
    },
    STATUS: {
      read: ({ f }) => statusOf(f),
      write({ f }, value) {
        f.status = value & 0xf900;
      },
    },
    INTERRUPT_LINE: {
      read: ({ f }) => f.line,
      write({ f }, value) {
        f.line = value;
      },
    },
    INTERRUPT_PIN: { read: ({ f }) => f.pin },
  },
);
