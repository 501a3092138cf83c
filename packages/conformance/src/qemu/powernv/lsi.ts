// Level-triggered sources: those of the PSI bridge, LISN 16 to 29. They have a single ESB page each, for triggers and management alike.
// Sheet: 3.1, 3.2; QEMU: `hw/ppc/pnv_psi.c`.

import type { Generation, Stores } from './generation.ts';
import { bit } from './generation.ts';

/** LISN of the first and how many there are. */
export const FIRST_LSI = 16;
const LSIS = 14;

/** Registers of the bridge, by offset. */
const PSIHB = 0x6030203000000n;
const CR = PSIHB + 0x20n;
const ESB_CI_BASE = PSIHB + 0x60n;
const ESB_NOTIF_ADDR = PSIHB + 0x68n;
const IVT_OFFSET = PSIHB + 0x70n;

const CR_STORE_EOI = bit(12);
const ESB_CI_64K = bit(1);
const VALID = bit(63);

/** Where the object tree has the bridge; its inputs are its sources. */
export const PSI = '/machine/chip[0]/psi';

/** Whether a LISN is one of them. */
export const isLsi = (lisn: number): boolean => lisn >= FIRST_LSI && lisn < FIRST_LSI + LSIS;

/** What the firmware does to have their ESBs mapped and their triggers sent to the interrupt controller. */
export const lsiSetUp = ({ lsi, notify }: Generation, storeEoi: boolean): Stores => [
  [CR, storeEoi ? CR_STORE_EOI : 0n],
  [ESB_CI_BASE, lsi.esb | (lsi.shift === 16 ? ESB_CI_64K : 0n) | VALID],
  [ESB_NOTIF_ADDR, notify | VALID],
  [IVT_OFFSET, BigInt(FIRST_LSI) << 32n],
];

/** Address of an offset in the page of one of them. */
export const lsiAddress = ({ lsi }: Generation, lisn: number, off: number): bigint =>
  lsi.esb + (BigInt(lisn - FIRST_LSI) << BigInt(lsi.shift)) + BigInt(off);
