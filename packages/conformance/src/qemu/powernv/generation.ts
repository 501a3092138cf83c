// What differs between the XIVE of POWER9 and that of POWER10 for somebody who programs it: addresses, start-up, layout of END and NVT.

/** Stores of 8 bytes, in order. */
export type Stores = readonly (readonly [address: bigint, value: bigint])[];

/** Bits of an END that an operation can set, as masks of word 0. */
export interface EndFlags {
  readonly valid: number;
  readonly enqueue: number;
  readonly notify: number;
  readonly backlog: number;
  readonly escalate: number;
  readonly unconditional: number;
  readonly silent: number;
}

/** One generation. */
export interface Generation {
  readonly machine: string;
  /** The trigger page of LISN 0, and the ESn page of END 0. Pages are pairs of 64 KiB. */
  readonly esb: bigint;
  readonly endEsb: bigint;
  /** Page for triggers by devices. */
  readonly notify: bigint;
  /** ESB pages of level-triggered sources, and log2 of the size of one. */
  readonly lsi: { readonly esb: bigint; readonly shift: number };
  /** What the firmware does before the first interrupt. */
  setUp(storeEoi: boolean): Stores;
  /** Stores that make a thread the one that the indirect TIMA shows, then the address of a page of it. */
  timaOf(thread: number): Stores;
  tima(thread: number, page: number): bigint;
  readonly flags: EndFlags;
  /** Bits of words 6 and 7: format (user level) and, of format 0, ignore (a group of targets). */
  readonly format: number;
  readonly ignore: { readonly word: number; readonly bit: number };
  /** Which word holds log2 of the queue's entries − 10, and from which bit. */
  readonly queueSize: { readonly word: number; readonly shift: number };
  /** Bytes of an NVT, and which of them is its IPB. */
  readonly nvt: { readonly size: number; readonly ipb: number };
}

/** IBM numbers bits from the most significant one. */
export const bit = (n: number): bigint => 1n << BigInt(63 - n);

/** A value in a field whose last bit, in IBM's numbering, is `last`. */
export const field = (value: number, last: number): bigint => BigInt(value) << BigInt(63 - last);

/** PIR of a thread. QEMU 7.2 finds the first thread of a core only, so that every thread has a core of its own. */
export const pirOf = (thread: number): number => thread * 4;

/** Enables two threads: one bit each, by PIR. */
export const THREADS = [0, 1];
export const ENABLED = THREADS.reduce((bits, thread) => bits | bit(pirOf(thread)), 0n);
