// Words on the tables as they lie in memory, bit for bit: an entry is read, or written when words are given. Bits that the model does not keep read as 0.

import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { packEas, unpackEas } from '../regs/eas.ts';
import { packEnd, packNvt, unpackEnd, unpackNvt } from '../regs/tables.ts';
import { hex, int, n } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import { FIRST_LSI, LSIS, SIZES } from './machine.ts';

type Op = Operation<PowernvChip>;

const words = (count: number): ArgSpec => ({
  type: 'list',
  of: int('32 bits, big-endian'),
  doc: `the ${count} words to write; read if left out`,
  optional: true,
});
const idx = (what: string, length: number): ArgSpec => int(what, { max: length - 1 });

/** Writes the words that are given, else shows those that are there. */
function access(args: Args, pack: () => number[], unpack: (words: readonly number[]) => void): OpResult {
  const given = args['words'] as readonly number[] | undefined;
  if (given === undefined) return { ret: 0, out: { words: pack().map(hex) } };
  unpack(given);
  return { ret: 0 };
}

const U32 = 0xffffffffn;

/** The operations. */
export const WORD_OPERATIONS: Readonly<Record<string, Op>> = {
  eas_word: {
    summary: 'the EAS of a source as it lies in memory',
    args: {
      lisn: idx('source', FIRST_LSI + LSIS),
      value: { type: 'u64', doc: 'the 64 bits to write; read if left out', optional: true },
    },
    run({ xive }, args) {
      const source = xive.sources.at(n(args, 'lisn'));
      const value = args['value'] as bigint | undefined;
      if (value === undefined) {
        const { hi, lo } = packEas(source);
        return { ret: 0, out: { value: hex((BigInt(hi) << 32n) | BigInt(lo)) } };
      }
      unpackEas(source, { hi: Number(value >> 32n), lo: Number(value & U32) });
      return { ret: 0 };
    },
  },
  end_words: {
    summary: 'the words of an END as they lie in memory',
    args: { idx: idx('END', SIZES.ends), words: words(8) },
    run({ state }, args) {
      const { generation, ends } = state.xive;
      const end = ends.at(n(args, 'idx'));
      return access(
        args,
        () => packEnd(end, generation),
        (given) => unpackEnd(end, given, generation),
      );
    },
  },
  nvt_words: {
    summary: 'the words of an NVT or NVP as they lie in memory',
    args: { idx: idx('NVT', SIZES.nvts), words: words(16) },
    run({ state }, args) {
      const { generation, nvts } = state.xive;
      const nvt = nvts.at(n(args, 'idx'));
      return access(
        args,
        () => packNvt(nvt, generation),
        (given) => unpackNvt(nvt, given, generation),
      );
    },
  },
};
