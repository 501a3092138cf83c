// Single operations on a powernv machine, by weight.

import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import { timaLoad, timaStore } from './powernv-tima.ts';
import {
  anySource,
  type Backend,
  backlog,
  cppr,
  data,
  end,
  endArguments,
  lsi,
  msi,
  nvt,
  thread,
} from './powernv-values.ts';

/** A row. */
export interface PowernvRow {
  readonly weight: number;
  /** Accesses of fewer than 8 bytes to the TIMA, which the indirect page of QEMU 7.2's POWER10 refuses. */
  readonly small?: true;
  make(c: Choose, on: Backend): Op;
}

const COMMANDS = [
  ...['trigger', 'trigger', 'trigger', 'eoi', 'eoi', 'store_eoi', 'store_eoi', 'get', 'inject'],
  ...['set_pq_00', 'set_pq_00', 'set_pq_01', 'set_pq_10', 'set_pq_11'],
];
/** Offsets in a page at which its decoding changes, and just before. It repeats every 4 KiB. */
const EDGES = [0, 8, 0x3f8, 0x400, 0x7f8, 0x800, 0xbf8, 0xc00, 0xc40, 0xcf8, 0xd00, 0xd40, 0xe00, 0xe40, 0xf00, 0xff8];

const ring = (c: Choose): string => (c.chance(75) ? 'os' : 'phys');
/** A place in an ESB. A level-triggered source of POWER9 has 4 KiB, the others 64. */
const place = (c: Choose): Readonly<Record<string, number | string>> => {
  const lisn = anySource(c);
  const repeat = c.chance(20) && lisn < 16 ? 0x1000 * c.between(1, 15) : 0;
  return { lisn, page: c.chance(60) ? 'eoi' : 'trigger', off: c.one(EDGES) + repeat };
};

/** The rows. */
export const POWERNV_ROWS: readonly PowernvRow[] = [
  { weight: 30, make: (c) => ({ op: 'esb', lisn: anySource(c), cmd: c.one(COMMANDS) }) },
  { weight: 3, make: (c) => ({ op: 'esb_load', ...place(c) }) },
  { weight: 3, make: (c) => ({ op: 'esb_store', ...place(c) }) },
  { weight: 8, make: (c) => ({ op: 'end_esb', idx: end(c), cmd: c.one(COMMANDS), which: c.chance(50) ? 'n' : 'e' }) },
  { weight: 4, make: (c) => ({ op: 'line', lisn: lsi(c), level: c.between(0, 1) }) },
  { weight: 3, make: (c) => ({ op: 'hw_trigger', lisn: msi(c), pq_checked: c.between(0, 1) }) },
  {
    weight: 6,
    make: (c) => ({
      op: 'eas',
      lisn: anySource(c),
      end: end(c),
      data: data(c),
      valid: c.chance(93) ? 1 : 0,
      masked: c.chance(15) ? 1 : 0,
    }),
  },
  { weight: 5, make: (c) => ({ op: 'end', ...endArguments(c) }) },
  { weight: 3, make: (c) => ({ op: 'nvt', idx: nvt(c), valid: c.chance(85) ? 1 : 0, ipb: backlog(c) }) },
  { weight: 5, small: true, make: (c) => ({ op: 'push_os', nvt: nvt(c), thread: thread(c) }) },
  { weight: 4, small: true, make: (c) => ({ op: 'pull_os', thread: thread(c) }) },
  { weight: 2, small: true, make: (c) => ({ op: 'push_phys', thread: thread(c) }) },
  { weight: 7, small: true, make: (c) => ({ op: 'cppr', value: cppr(c), thread: thread(c), ring: ring(c) }) },
  { weight: 6, small: true, make: (c) => ({ op: 'ack', thread: thread(c), ring: ring(c) }) },
  { weight: 5, make: timaLoad },
  { weight: 5, make: timaStore },
  { weight: 3, make: (c) => ({ op: 'eq_read', idx: end(c), entry: c.one([0, 1, 2, 1021, 1022, 1023]) }) },
  { weight: 2, make: (c) => ({ op: 'nvt_read', idx: nvt(c) }) },
];
