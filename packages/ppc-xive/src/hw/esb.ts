// Event state buffer: two bits per source. P: an event is on its way to its target. Q: one more arrived meanwhile. QEMU: hw/intc/xive.c xive_esb_trigger, xive_esb_eoi.

/** The four states of PQ, and their names in the field. */
export const PQ = { RESET: 0b00, OFF: 0b01, PENDING: 0b10, QUEUED: 0b11 } as const;
const { RESET, OFF, PENDING, QUEUED } = PQ;

/** Set beside the next state when the transition sends an event. */
const EVENT = 4;

/** Next states by present state, with {@link EVENT}. */
export type EsbTransition = readonly [number, number, number, number];

//                                        from RESET        from OFF  from PENDING  from QUEUED
/** A message arrives, or a store to the trigger page. */
export const TRIGGER: EsbTransition = [PENDING | EVENT, OFF, QUEUED, QUEUED];
/** End of interrupt, by a load or a store. */
export const EOI: EsbTransition = [RESET, OFF, RESET, PENDING | EVENT];
/** The level of an LSI is high: a source that is pending already stays as it is. */
export const LEVEL: EsbTransition = [PENDING | EVENT, OFF, PENDING, QUEUED];
/** End of interrupt of an LSI whose level is still high: EOI, then LEVEL. */
export const EOI_ASSERTED: EsbTransition = [PENDING | EVENT, OFF, PENDING | EVENT, PENDING | EVENT];
/** The same in QEMU, where LEVEL's answer replaces that of EOI: the event that Q stood for is lost, and P waits for an EOI. */
export const EOI_ASSERTED_QEMU: EsbTransition = [PENDING | EVENT, OFF, PENDING | EVENT, PENDING];

/** State after a transition. */
export const nextPq = (t: EsbTransition, pq: number): number => (t[pq] as number) & 3;
/** Whether a transition sends an event. */
export const sendsEvent = (t: EsbTransition, pq: number): boolean => ((t[pq] as number) & EVENT) !== 0;

/** What a load of all ones is taken for: the PHB has fenced the interrupt, or the page cannot be read (XIVE_ESB_INVALID). */
export const ESB_INVALID = -1;

/** Pages of a source. With one page, triggers and management share the latter. */
export const ESB_PAGE = { TRIGGER: 0, MANAGEMENT: 1 } as const;

/** What accesses do. The first four are numbered by the state that they set. */
export const ESB_OP = {
  SET_PQ_00: 0,
  SET_PQ_01: 1,
  SET_PQ_10: 2,
  SET_PQ_11: 3,
  EOI: 4,
  GET: 5,
  TRIGGER: 6,
  STORE_EOI: 7,
  /** The event goes out whatever PQ says. */
  INJECT: 8,
} as const;
const { EOI: END_OF_INTERRUPT, GET, TRIGGER: FIRE, STORE_EOI, INJECT } = ESB_OP;

/** What an access to the management page does, by the 256-byte block of its offset (bits 11:8). */
export type EsbDecode = readonly number[];
export const LOADS: EsbDecode = decode(END_OF_INTERRUPT, END_OF_INTERRUPT, GET);
export const STORES: EsbDecode = decode(FIRE, STORE_EOI, INJECT);

function decode(...kilobytes: number[]): EsbDecode {
  return [...kilobytes.flatMap((op) => [op, op, op, op]), 0, 1, 2, 3];
}

/** Operation of an offset; the page repeats every 4 KiB. */
export const esbOp = (table: EsbDecode, offset: number): number => table[(offset >>> 8) & 15] as number;
/** Whether an operation only sets PQ. */
export const setsPq = (op: number): boolean => op <= ESB_OP.SET_PQ_11;

/** Offsets by the names that drivers use (XIVE_ESB_*). */
export const ESB = {
  LOAD_EOI: 0x000,
  STORE_EOI: 0x400,
  GET: 0x800,
  INJECT: 0x800,
  SET_PQ_00: 0xc00,
  SET_PQ_01: 0xd00,
  SET_PQ_10: 0xe00,
  SET_PQ_11: 0xf00,
  /** Added to a SET_PQ load: it is not to pass stores before it (P10). */
  LD_ST_MO: 0x40,
} as const;
