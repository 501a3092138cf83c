// Codecs of the tables by generation: what lies in memory for an END or an NVT of the model, bit for bit.

import type { End, Nvt } from '../hw/layout.ts';
import { END, END2 } from './end.ts';
import { NVP, NVT } from './nvt.ts';
import { type EntryCodec, entryCodec } from './words.ts';

const END_BYTES = 32;
/** POWER10 keeps bits 31:7 of a queue's address. */
const QUEUE_SHIFT = { qaddrLo: 7 };

const ENDS: Readonly<Record<number, EntryCodec>> = {
  1: entryCodec(END, END_BYTES),
  2: entryCodec(END2, END_BYTES, QUEUE_SHIFT),
};
const NVTS: Readonly<Record<number, EntryCodec>> = { 1: entryCodec(NVT, 64), 2: entryCodec(NVP, 32) };

type Scalars = Record<string, number>;

/** The eight words of an END. */
export const packEnd = (end: End, generation: number): number[] =>
  (ENDS[generation] as EntryCodec).pack(end as unknown as Scalars);
/** Takes the words of an END over. */
export const unpackEnd = (into: End, words: readonly number[], generation: number): void =>
  (ENDS[generation] as EntryCodec).unpack(into as unknown as Scalars, words);
/** The words of an NVT or NVP. */
export const packNvt = (nvt: Nvt, generation: number): number[] =>
  (NVTS[generation] as EntryCodec).pack(nvt as unknown as Scalars);
/** Takes the words of an NVT or NVP over. */
export const unpackNvt = (into: Nvt, words: readonly number[], generation: number): void =>
  (NVTS[generation] as EntryCodec).unpack(into as unknown as Scalars, words);
