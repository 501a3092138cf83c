// The state of a virt machine: enabled, pending and active INTIDs, changes of CPU 0's pins, LPI pending tables. In the shape of the recorded vectors.

import type { Json } from '@virq/irq-core/machine';
import { hex } from '../../arguments.ts';
import { load } from '../oracle.ts';
import type { Qemu } from '../process.ts';
import { FIRST_LPI, GICD, GITS, pendingTable, redistributor, SGI_FRAME, SPI_LINES } from './map.ts';
import { DISTRIBUTOR, ITS_REGISTERS, offsetOf } from './registers.ts';
import type { Session } from './session.ts';

const SHOWN = { enabled: 'ISENABLER', pending: 'ISPENDR', active: 'ISACTIVER' } as const;
const SPI_WORDS = SPI_LINES / 32;
/** Bytes of a pending table that are shown: 2048 LPIs. */
const LPI_BYTES = 256;

/** Numbers of the bits that are set, lowest first. */
function setBits(word: number, first: number): number[] {
  const set: number[] = [];
  for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) set.push(first + bit);
  return set;
}

async function words(qemu: Qemu, address: number, from: number, to: number): Promise<number[]> {
  const all = Array.from({ length: to - from }, async (_, i) => {
    const word = Number(await qemu.qtest(`readl ${hex(address + 4 * (from + i))}`));
    return setBits(word, 32 * (from + i));
  });
  return (await Promise.all(all)).flat();
}

/** LPIs that are pending in the table of a CPU. */
async function lpis(qemu: Qemu, cpu: number): Promise<number[]> {
  const bytes = await qemu.qtest(`read ${hex(pendingTable(cpu) + FIRST_LPI / 8)} ${hex(LPI_BYTES)}`);
  const each = Array.from({ length: LPI_BYTES }, (_, n) =>
    setBits(Number.parseInt(bytes.slice(2 + 2 * n, 4 + 2 * n), 16), FIRST_LPI + 8 * n),
  );
  return each.flat();
}

const perCpu = (s: Session, of: (cpu: number) => Promise<number[]>): Promise<Json[]> =>
  Promise.all(Array.from({ length: s.cpus }, (_, cpu) => of(cpu)));

/** One of the three sets. A GICv2 shows private interrupts with the others, a GICv3 those of each CPU. */
async function set(s: Session, key: keyof typeof SHOWN): Promise<Readonly<Record<string, Json>>> {
  const offset = offsetOf(DISTRIBUTOR, SHOWN[key]);
  if (s.controller === 'gicv2') return { [key]: await words(s.qemu, GICD + offset, 0, SPI_WORDS + 1) };
  return {
    [key]: await words(s.qemu, GICD + offset, 1, SPI_WORDS + 1),
    [`${key}_ppi`]: await perCpu(s, (cpu) => words(s.qemu, redistributor(cpu) + SGI_FRAME + offset, 0, 1)),
  };
}

const itsState = async (s: Session): Promise<Readonly<Record<string, Json>>> => ({
  lpi_pending: await perCpu(s, (cpu) => lpis(s.qemu, cpu)),
  its_ctlr: await load(s.qemu, GITS + offsetOf(ITS_REGISTERS, 'CTLR')),
});

/** The observed state. */
export async function observe(s: Session): Promise<Readonly<Record<string, Json>>> {
  const sets = await Promise.all((Object.keys(SHOWN) as (keyof typeof SHOWN)[]).map((key) => set(s, key)));
  s.pins.push(...s.qemu.changes());
  const rest = s.controller === 'its' ? await itsState(s) : { pins: [...s.pins] as unknown as Json };
  return Object.assign({}, ...sets, rest);
}
