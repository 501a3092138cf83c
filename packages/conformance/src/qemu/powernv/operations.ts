// Operations that change or show the tables in guest memory.

import { flag, hex, num } from '../../arguments.ts';
import type { Run } from '../oracle.ts';
import { store } from '../oracle.ts';
import { bytesOf, endWords, queueShift } from './end.ts';
import { ESB_OPERATIONS } from './esb.ts';
import type { Session } from './session.ts';
import { EAS_SIZE, END_SIZE, queueAddress, TABLE } from './tables.ts';
import { TIMA_OPERATIONS } from './tima.ts';

const EAS_VALID = 1n << 63n;
const EAS_MASKED = 1n << 31n;
const NVT_VALID = 0x80000000;

const TABLE_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  eas(s, op) {
    const value =
      (flag(op, 'valid', true) ? EAS_VALID : 0n) |
      (BigInt(num(op, 'end')) << 32n) |
      (flag(op, 'masked', false) ? EAS_MASKED : 0n) |
      BigInt(num(op, 'data') & 0x7fffffff);
    return store(s.qemu, TABLE.eas + num(op, 'lisn') * EAS_SIZE, value, 8);
  },
  /** Sets up an END, and clears its queue as its owner must. */
  async end(s, op) {
    const idx = num(op, 'idx');
    await s.qemu.qtest(`memset ${hex(queueAddress(idx))} ${hex(2 ** queueShift(op))} 0x0`);
    await s.qemu.qtest(
      `write ${hex(TABLE.end + idx * END_SIZE)} ${hex(END_SIZE)} ${bytesOf(endWords(op, s.generation))}`,
    );
    s.ends.add(idx);
    return undefined;
  },
  /** Sets up an NVT with what it has pending. */
  async nvt({ qemu, generation }, op) {
    const { size, ipb } = generation.nvt;
    const words = new Array<number>(size / 4).fill(0);
    words[0] = flag(op, 'valid', true) ? NVT_VALID : 0;
    words[ipb >> 2] = num(op, 'ipb') << (24 - 8 * (ipb & 3));
    await qemu.qtest(`write ${hex(TABLE.nvt + num(op, 'idx') * size)} ${hex(size)} ${bytesOf(words)}`);
    return undefined;
  },
  /** One entry of a queue, wherever it is. */
  async eq_read({ qemu }, op) {
    return {
      value: hex(BigInt(await qemu.qtest(`readl ${hex(queueAddress(num(op, 'idx')) + 4 * num(op, 'entry'))}`))),
    };
  },
  /** What an NVT has pending. */
  async nvt_read({ qemu, generation }, op) {
    const { size, ipb } = generation.nvt;
    return { ipb: Number(await qemu.qtest(`readb ${hex(TABLE.nvt + num(op, 'idx') * size + ipb)}`)) };
  },
};

/** Every operation. */
export const OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  ...TABLE_OPERATIONS,
  ...ESB_OPERATIONS,
  ...TIMA_OPERATIONS,
};
