// The TIMA of another thread, through the indirect page of the interrupt controller: the only way that qtest has. QEMU 7.2: pnv_xive.c xive_tm_indirect_ops, pnv_xive2.c pnv_xive2_ic_tm_indirect_ops.

import { TM, TM_PAGE, type TmAccess } from '../hw/tima.ts';
import type { Xive } from '../hw/xive.ts';
import type { PowernvBackend } from './machine.ts';

/** Where an access goes. */
export interface IndirectAccess extends TmAccess {
  readonly thread: number;
  readonly page: number;
}

/** The page as qtest reads and writes it. */
export interface IndirectTima {
  load(at: IndirectAccess): bigint;
  store(at: IndirectAccess, value: bigint): void;
}

/** What QEMU's pages do in their own way. */
interface Rules {
  /** All pages are the most privileged one, and only 8 bytes pass; other loads read 0. */
  readonly hardwarePageOnly: boolean;
}

const RULES: Readonly<Record<PowernvBackend, Rules>> = {
  xive9: { hardwarePageOnly: false },
  xive10: { hardwarePageOnly: true },
};

const VALID = 0x80000000;
const swap32 = (w: number): number => ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;

/** What QEMU returns for a pull on a little-endian host: the four bytes as they lie in memory; of the pool's, those after the pull. */
const PULLED: Readonly<Record<number, (w2: number) => number>> = {
  [TM.PULL_OS_CTX]: swap32,
  [TM.PULL_POOL_CTX]: (w2) => swap32((w2 & ~VALID) >>> 0),
};

const ones = (size: number): bigint => (1n << BigInt(8 * size)) - 1n;

/** Creates the page. */
export function createIndirectTima({ tima }: Xive, backend: PowernvBackend): IndirectTima {
  const { hardwarePageOnly } = RULES[backend];
  const pageOf = (page: number): number => (hardwarePageOnly ? TM_PAGE.HW : page);
  const refused = ({ size }: TmAccess): boolean => hardwarePageOnly && size !== 8;
  return {
    load(at) {
      if (refused(at)) return 0n;
      const value = tima.load(at.thread, pageOf(at.page), at);
      if (value === -1) return ones(at.size);
      const pulled = PULLED[at.offset];
      if (pulled !== undefined) return BigInt(pulled(value));
      return ((BigInt(tima.hi) << 32n) | BigInt(value)) & ones(at.size);
    },
    store(at, value) {
      if (refused(at)) return;
      const given = value & ones(at.size);
      tima.store(at.thread, pageOf(at.page), at, { hi: Number(given >> 32n), lo: Number(given & 0xffffffffn) });
    },
  };
}
