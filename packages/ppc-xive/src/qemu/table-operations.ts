// Words on the tables in memory of a powernv machine: EASs, ENDs with their queues, NVTs. QEMU: include/hw/ppc/xive_regs.h, xive2_regs.h.

import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { End } from '../hw/layout.ts';
import type { EasFields } from '../regs/eas.ts';
import { hex, int, n } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import { FIRST_LSI, LSIS, queueAddress, queueFrame, SIZES } from './machine.ts';

type Op = Operation<PowernvChip>;
const DONE: OpResult = { ret: 0 };

const flag = (doc: string, yes: boolean): ArgSpec => ({ type: 'bool', doc, default: yes });
const on = (args: Args, key: string): number => (args[key] === true ? 1 : 0);
const DATA = 0x7fffffff;
const SMALLEST_QUEUE = 12;
const FRAME_SHIFT = 12;
/** Numbers of ENDs and NVTs take 24 bits at most. */
const WIDEST = 0xffffff;

const FLAGS = [
  'valid',
  'enqueue',
  'notify',
  'backlog',
  'escalate',
  'unconditional',
  'silent',
  'format',
  'ignore',
] as const satisfies readonly (keyof End)[];

const idx = (what: string, length: number): ArgSpec => int(what, { max: length - 1 });

/** The owner of a new queue has read nothing, and expects generation 1 first. */
const UNREAD = { watched: 0, overrun: 0, readToggle: 0, unread: 0, readIndex: 0 };

/** Fields of an EAS from arguments. */
const easOf = (args: Args): EasFields => ({
  valid: on(args, 'valid'),
  masked: on(args, 'masked'),
  endBlock: 0,
  endIndex: n(args, 'end'),
  data: n(args, 'data') & DATA,
});

/** Fields of an END from arguments; those of word 0 have the names of the arguments. */
const endOf = (args: Args): Readonly<Record<string, number>> => ({
  ...Object.fromEntries(FLAGS.map((key) => [key, on(args, key)])),
  esn: n(args, 'esn'),
  ese: n(args, 'ese'),
  generation: n(args, 'gen'),
  index: n(args, 'off'),
  qsize: n(args, 'qsize') - SMALLEST_QUEUE,
  qaddrLo: queueAddress(n(args, 'idx')),
  nvtIndex: n(args, 'nvt'),
  priority: n(args, 'prio'),
  escIndex: n(args, 'esc_end'),
  escData: n(args, 'esc_data') & DATA,
});

function setEnd({ xive, state }: PowernvChip, args: Args): OpResult {
  const index = n(args, 'idx');
  Object.assign(state.xive.ends.at(index), { genFlipped: 0, ...UNREAD, ...endOf(args) });
  for (let frame = 0; frame < 2 ** (n(args, 'qsize') - FRAME_SHIFT); frame++) xive.ram.clear(queueFrame(index) + frame);
  state.shown.add(index);
  return DONE;
}

const END_ARGS: Readonly<Record<string, ArgSpec>> = {
  idx: idx('END', SIZES.ends),
  nvt: int('its NVT', { max: WIDEST, default: 0 }),
  prio: int('its priority; 0xff masks it', { max: 255, default: 0 }),
  valid: flag('v', true),
  enqueue: flag('q: events go to the queue', true),
  notify: flag('n: every event notifies', true),
  backlog: flag('b: the NVT keeps what finds no thread', true),
  escalate: flag('e', false),
  unconditional: flag('u: escalates whatever ESe says', false),
  silent: flag('s: escalates without notifying', false),
  format: flag('F: a user-level notification', false),
  ignore: flag('i: the last bits of the NVT do not count', false),
  esn: int('PQ of notifications', { max: 3, default: 1 }),
  ese: int('PQ of escalations', { max: 3, default: 1 }),
  gen: int('generation of the next entry', { max: 1, default: 1 }),
  off: int('index of the next entry', { max: 0x3fffff, default: 0 }),
  qsize: int('log2 of the bytes of the queue', { min: SMALLEST_QUEUE, max: 16, default: SMALLEST_QUEUE }),
  esc_end: int('END that it escalates to', { max: WIDEST, default: 0 }),
  esc_data: int('data of the escalation', { default: 0 }),
};

/** The operations. */
export const TABLE_OPERATIONS: Readonly<Record<string, Op>> = {
  eas: {
    summary: 'sets up the EAS of a source',
    args: {
      lisn: idx('source', FIRST_LSI + LSIS),
      end: int('its END', { max: WIDEST, default: 0 }),
      data: int('data for the queue', { default: 0 }),
      valid: flag('valid', true),
      masked: flag('events end here', false),
    },
    run({ xive }, args) {
      Object.assign(xive.sources.at(n(args, 'lisn')), easOf(args));
      return DONE;
    },
  },
  end: { summary: 'sets up an END and clears its queue', args: END_ARGS, run: setEnd },
  nvt: {
    summary: 'sets up an NVT',
    args: {
      idx: idx('NVT', SIZES.nvts),
      valid: flag('valid', true),
      ipb: int('priorities that it has pending', { max: 255, default: 0 }),
    },
    run({ state }, args) {
      const nvt = state.xive.nvts.at(n(args, 'idx'));
      nvt.valid = on(args, 'valid');
      nvt.ipb = n(args, 'ipb');
      return DONE;
    },
  },
  eq_read: {
    summary: 'an entry of the queue of an END',
    args: { idx: idx('END', SIZES.ends), entry: int('number of the entry', { max: 0x3fff }) },
    run({ xive }, args) {
      const at = 4 * n(args, 'entry');
      return {
        ret: 0,
        out: { value: hex(xive.ram.load(queueFrame(n(args, 'idx')) + (at >>> FRAME_SHIFT), at & 0xfff)) },
      };
    },
  },
  eq_next: {
    summary: 'the owner of a queue reads its next entry; -1: none. From then on overwritten entries are noticed',
    args: { idx: idx('END', SIZES.ends) },
    run: ({ xive }, args) => ({ ret: 0, out: { data: xive.queues.next(n(args, 'idx')) } }),
  },
  nvt_read: {
    summary: 'what an NVT has pending',
    args: { idx: idx('NVT', SIZES.nvts) },
    run: ({ state }, args) => ({ ret: 0, out: { ipb: state.xive.nvts.at(n(args, 'idx')).ipb } }),
  },
};
