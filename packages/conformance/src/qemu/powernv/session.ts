// A running powernv machine: its QEMU, its generation, the ENDs that were set up, the thread that the indirect TIMA shows.

import { flag } from '../../arguments.ts';
import type { Op } from '../../oracle.ts';
import { OracleError } from '../../oracle.ts';
import { store } from '../oracle.ts';
import { type Qemu, startQemu } from '../process.ts';
import type { Generation, Stores } from './generation.ts';
import { lsiSetUp } from './lsi.ts';
import { POWER9 } from './power9.ts';
import { POWER10 } from './power10.ts';
import { MEMORY } from './tables.ts';

/** A machine. */
export interface Session {
  readonly qemu: Qemu;
  readonly generation: Generation;
  /** ENDs that an operation has set up: those are observed. */
  readonly ends: Set<number>;
  /** What a state shows. */
  readonly observed: readonly string[];
}

const GENERATIONS: Readonly<Record<string, Generation>> = { xive9: POWER9, xive10: POWER10 };

/** Makes 8-byte stores, all on their way at once. */
export const storeAll = (qemu: Qemu, stores: Stores): Promise<unknown> =>
  Promise.all(stores.map(([address, value]) => store(qemu, address, value, 8)));

/** What is shown when nobody says. */
const OBSERVED = ['pq', 'end', 'tima'];

/** Starts the machine that a `start` asks for: `backend` xive9 or xive10, `store_eoi` (true; POWER10's IPIs always have it), `observe`. */
export async function startSession(binary: string, op: Op): Promise<Session> {
  const generation = GENERATIONS[String(op['backend'])];
  if (generation === undefined) throw new OracleError(`start takes the backend xive9 or xive10, not ${op['backend']}`);
  const flags = ['-machine', generation.machine, '-m', String(MEMORY), '-smp', '2,cores=2,threads=1'];
  const qemu = await startQemu(binary, flags);
  const storeEoi = flag(op, 'store_eoi', true);
  await storeAll(qemu, [...generation.setUp(storeEoi), ...lsiSetUp(generation, storeEoi)]);
  return { qemu, generation, ends: new Set(), observed: (op['observe'] ?? OBSERVED) as unknown as string[] };
}
