// The thread interrupt management area of a thread, reached through the indirect page. Sheet: 7; QEMU: `hw/intc/xive.c`, xive_tm_operations.

import { hex, num, u64 } from '../../arguments.ts';
import type { Op } from '../../oracle.ts';
import { load, type Out, type Run, store } from '../oracle.ts';
import { type Session, storeAll } from './session.ts';

/** Pages, the most privileged first. */
const HV_PAGE = 1;
const OS_RING = 0x10;
const PHYS_RING = 0x30;
const RING: Readonly<Record<string, number>> = { os: OS_RING, phys: PHYS_RING };
const CPPR = 1;
const WORD2 = 8;
const ACK = 0x800;
const PULL_OS = 0x818;
const VALID = 0x80000000;
/** Valid bit of the physical ring: its first byte alone is stored. */
const VT = 0x80;

interface TimaPlace {
  readonly page: number;
  readonly off: number;
  readonly size: number;
}

async function addressOf({ qemu, generation }: Session, op: Op, { page, off }: TimaPlace): Promise<bigint> {
  const thread = num(op, 'thread');
  await storeAll(qemu, generation.timaOf(thread));
  return generation.tima(thread, page) + BigInt(off);
}

const get = async (s: Session, op: Op, at: TimaPlace): Promise<Out> => ({
  value: await load(s.qemu, await addressOf(s, op, at), at.size),
});
const put = async (s: Session, op: Op, at: TimaPlace & { readonly value: number | bigint }): Promise<undefined> =>
  store(s.qemu, await addressOf(s, op, at), at.value, at.size);

const ringOf = (op: Op): number => RING[String(op['ring'] ?? 'os')] ?? OS_RING;
const place = (op: Op): TimaPlace => ({
  page: num(op, 'page', HV_PAGE),
  off: num(op, 'off'),
  size: num(op, 'size', 4),
});

/** Operations on a thread. */
export const TIMA_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  push_os: (s, op) =>
    put(s, op, { page: HV_PAGE, off: OS_RING + WORD2, size: 4, value: (VALID | num(op, 'nvt')) >>> 0 }),
  pull_os: (s, op) => get(s, op, { page: HV_PAGE, off: PULL_OS, size: 4 }),
  push_phys: (s, op) => put(s, op, { page: HV_PAGE, off: PHYS_RING + WORD2, size: 1, value: VT }),
  cppr: (s, op) => put(s, op, { page: HV_PAGE, off: ringOf(op) + CPPR, size: 1, value: num(op, 'value') }),
  ack: (s, op) => get(s, op, { page: HV_PAGE, off: ACK + ringOf(op), size: 2 }),
  tm_read: (s, op) => get(s, op, place(op)),
  tm_write: (s, op) => put(s, op, { ...place(op), value: BigInt(hex(u64(op['value']))) }),
};
