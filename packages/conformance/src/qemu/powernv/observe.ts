// The state of a powernv machine: PQ of eight sources and four LSIs, the ENDs that were set up with the head of their queues, OS and physical rings.

import type { Json } from '@virq/irq-core/machine';
import { hex } from '../../arguments.ts';
import { shownEnd, shownWord, wordOf } from './end.ts';
import { esbAddress } from './esb.ts';
import { THREADS } from './generation.ts';
import { FIRST_LSI } from './lsi.ts';
import { type Session, storeAll } from './session.ts';
import { END_SIZE, queueAddress, TABLE } from './tables.ts';

/** Sources whose PQ is shown. */
const SOURCES = [0, 1, 2, 3, 4, 5, 6, 7];
const LSIS = [0, 1, 2, 3].map((n) => FIRST_LSI + n);
const ESB_GET = 0x800;
/** Entries of a queue that are shown, from its start. */
const ENTRIES = [0, 1, 2, 3];
/** Rings that are shown, by their offset in the TIMA. */
const OS_RING = 0x10;
const RINGS = { os: OS_RING, phys: 0x30 } as const;
const HW_PAGE = 0;

const block = (s: Session, address: number | bigint, size: number): Promise<string> =>
  s.qemu.qtest(`read ${hex(address)} ${hex(size)}`);

async function pq(s: Session, sources: readonly number[]): Promise<Json> {
  const loads = sources.map((lisn) => s.qemu.qtest(`readq ${hex(esbAddress(s, { lisn, page: 'eoi', off: ESB_GET }))}`));
  return (await Promise.all(loads)).map(Number);
}

async function end(s: Session, idx: number): Promise<readonly [string, Json]> {
  const [words, queue] = await Promise.all([
    block(s, TABLE.end + idx * END_SIZE, 8),
    block(s, queueAddress(idx), 4 * ENTRIES.length),
  ]);
  return [String(idx), { ...shownEnd(wordOf(words, 1)), eq: ENTRIES.map((n) => shownWord(queue, n)) }];
}

/** NSR, CPPR, IPB, PIPR and word 2 of a ring, out of the bytes of the TIMA from the OS ring on. */
function ring(bytes: string, offset: number): Json {
  const at = (n: number): number => Number.parseInt(bytes.slice(2 + 2 * n, 4 + 2 * n), 16);
  const first = offset - OS_RING;
  const w2 = bytes.slice(2 + 2 * (first + 8), 2 + 2 * (first + 12));
  return { nsr: at(first), cppr: at(first + 1), ipb: at(first + 2), pipr: at(first + 7), w2 };
}

async function tima(s: Session, thread: number): Promise<Json> {
  const [, bytes] = await Promise.all([
    storeAll(s.qemu, s.generation.timaOf(thread)),
    block(s, s.generation.tima(thread, HW_PAGE) + BigInt(OS_RING), 0x30),
  ]);
  return { os: ring(bytes, RINGS.os), phys: ring(bytes, RINGS.phys) };
}

const SHOW: Readonly<Record<string, (s: Session) => Promise<Json>>> = {
  pq: (s) => pq(s, SOURCES),
  lsi: (s) => pq(s, LSIS),
  end: async (s) => Object.fromEntries(await Promise.all([...s.ends].map((idx) => end(s, idx)))),
  tima: (s) => Promise.all(THREADS.map((thread) => tima(s, thread))),
};

/** The observed state, in the shape of the recorded vectors. */
export async function observe(s: Session): Promise<Readonly<Record<string, Json>>> {
  const shown = s.observed.map(async (key) => [key, (await SHOW[key]?.(s)) ?? null] as const);
  return Object.fromEntries(await Promise.all(shown));
}
