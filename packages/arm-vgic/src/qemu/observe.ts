// The observed state of a virt machine, in the shape of the recorded vectors: INTIDs that are enabled, pending, active, changes of CPU 0's pins, LPIs in pending tables.

import type { Json } from '@virq/irq-core/machine';
import { INTID } from '../irq/layout.ts';
import { pendingPlace } from '../its/places.ts';
import { hex } from '../vocabulary/args.ts';
import { pendingWord } from './bank.ts';
import { FRAMES, offsetOf } from './frames.ts';
import { activeWord } from './gicv2/frames.ts';
import type { Bank } from './layout.ts';
import { type Virt, type VirtBackend, WORDS } from './machine.ts';
import { changesOf } from './pins.ts';

/** Bytes of a pending table that are shown: 2048 LPIs. */
const LPI_BYTES = 256;

type Word = (b: Bank, n: number) => number;
const SETS: Readonly<Record<string, Word>> = {
  enabled: (b, n) => b.enabled.get(n),
  pending: pendingWord,
  active: (b, n) => b.active.get(n),
};

/** Numbers of the bits that are set, lowest first. */
function bitsOf(word: number, first: number): number[] {
  const set: number[] = [];
  for (let bits = word; bits !== 0; bits &= bits - 1) set.push(first + 31 - Math.clz32(bits & -bits));
  return set;
}

const words = (b: Bank, of: Word, from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => bitsOf(of(b, from + i), 32 * (from + i))).flat();

const perCpu = (m: Virt, of: (cpu: number) => number[]): number[][] =>
  Array.from({ length: m.cpus }, (_, cpu) => of(cpu));

/** A GICv2 shows private interrupts with the others. */
function shown(m: Virt, key: string, of: Word): Json {
  if (m.backend !== 'gicv2') return words(m.state.bank, of, 1, WORDS);
  return words(m.state.bank, key === 'active' ? (_b, n) => activeWord(m, n) : of, 0, WORDS);
}

function pendingLpis({ ram }: Virt, cpu: number): number[] {
  const table = pendingPlace(cpu) + INTID.LPI / 8;
  return Array.from({ length: LPI_BYTES / 4 }, (_, n) => bitsOf(ram.load(table + 4 * n), INTID.LPI + 32 * n)).flat();
}

type Show = (c: { readonly virt: Virt }) => Json;

/** What `observe` can show. */
export const VIRT_OBSERVE: Readonly<Record<string, Show>> = {
  ...Object.fromEntries(
    Object.entries(SETS).map(([key, of]): [string, Show] => [key, ({ virt }) => shown(virt, key, of)]),
  ),
  ...Object.fromEntries(
    Object.entries(SETS).map(([key, of]): [string, Show] => [
      `${key}_ppi`,
      ({ virt }) => perCpu(virt, (cpu) => words(virt.state.cpus.at(cpu).bank, of, 0, 1)),
    ]),
  ),
  pins: ({ virt }) => changesOf(virt.state) as unknown as Json,
  lpi_pending: ({ virt }) => perCpu(virt, (cpu) => pendingLpis(virt, cpu)),
  its_ctlr: ({ virt }) => hex(FRAMES.gits.port.load(virt, { cpu: 0, offset: offsetOf(FRAMES.gits, 'CTLR'), size: 4 })),
};

const V2 = ['enabled', 'pending', 'active'];
const V3 = V2.flatMap((key) => [key, `${key}_ppi`]);

/** What is shown of each machine when nothing is said: pins of those that stand still. */
export const SHOWN: Readonly<Record<VirtBackend, readonly string[]>> = {
  gicv2: [...V2, 'pins'],
  gicv3: [...V3, 'pins'],
  its: [...V3, 'lpi_pending', 'its_ctlr'],
  'gicv3-cpu': V3,
};
