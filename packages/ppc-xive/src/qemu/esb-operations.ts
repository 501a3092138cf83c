// Words on ESB pages of a powernv machine: those of sources, those of ENDs, lines and triggers of devices. QEMU: hw/intc/xive.c, xive2.c.

import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { endEsbOf } from '../hw/end-esb.ts';
import { ESB, ESB_INVALID, ESB_PAGE } from '../hw/esb.ts';
import { bit, hex, int, n } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import { FIRST_LSI, LSIS, SIZES } from './machine.ts';

type Op = Operation<PowernvChip>;
const DONE: OpResult = { ret: 0 };

/** Commands that are loads, and those that are stores, with the offset in the page. */
const LOADS: Readonly<Record<string, number>> = {
  eoi: ESB.LOAD_EOI,
  get: ESB.GET,
  set_pq_00: ESB.SET_PQ_00,
  set_pq_01: ESB.SET_PQ_01,
  set_pq_10: ESB.SET_PQ_10,
  set_pq_11: ESB.SET_PQ_11,
};
const STORES: Readonly<Record<string, number>> = { trigger: 0, store_eoi: ESB.STORE_EOI, inject: ESB.INJECT };

const cmd: ArgSpec = {
  type: 'enum',
  values: [...Object.keys(LOADS), ...Object.keys(STORES)],
  doc: 'access to the page, by what it does',
};
const lisn: ArgSpec = int('source: 0 to 15 with a pair of pages, 16 to 29 level-triggered with one', {
  max: FIRST_LSI + LSIS - 1,
});
const page: ArgSpec = { type: 'enum', values: ['trigger', 'eoi'], default: 'eoi', doc: 'page of the pair' };
const off: ArgSpec = int('offset in the page', { max: 0xffff, default: 0 });

/** A loaded value as the recordings print it: all ones where the hardware refuses. */
const loaded = (value: number): OpResult => ({
  ret: 0,
  out: { value: value === ESB_INVALID ? '0xffffffffffffffff' : hex(value) },
});

const pageOf = (name: unknown): number => (name === 'trigger' ? ESB_PAGE.TRIGGER : ESB_PAGE.MANAGEMENT);

/** Runs a command by way of the load or the store that it is. */
function command(name: string, load: (offset: number) => number, store: (offset: number) => void): OpResult {
  const offset = LOADS[name];
  if (offset !== undefined) return loaded(load(offset));
  store(STORES[name] as number);
  return DONE;
}

function esb({ xive: { sources } }: PowernvChip, args: Args): OpResult {
  const source = n(args, 'lisn');
  const name = args['cmd'] as string;
  return command(
    name,
    (offset) => sources.load(source, ESB_PAGE.MANAGEMENT, offset),
    (offset) => sources.store(source, pageOf(name === 'trigger' ? 'trigger' : 'eoi'), offset),
  );
}

function endEsb({ xive: { router } }: PowernvChip, args: Args): OpResult {
  const which = endEsbOf(args['which'] === 'e' ? ESB_PAGE.MANAGEMENT : ESB_PAGE.TRIGGER);
  return command(
    args['cmd'] as string,
    (offset) => router.loadEnd(n(args, 'idx'), which, offset),
    (offset) => router.storeEnd(n(args, 'idx'), which, offset),
  );
}

/** The operations. */
export const ESB_OPERATIONS: Readonly<Record<string, Op>> = {
  esb: { summary: 'an access to the ESB pages of a source', args: { lisn, cmd }, run: esb },
  esb_load: {
    summary: 'a load from any offset of an ESB page',
    args: { lisn, page, off },
    run: ({ xive }, args) => loaded(xive.sources.load(n(args, 'lisn'), pageOf(args['page']), n(args, 'off'))),
  },
  esb_store: {
    summary: 'a store to any offset of an ESB page',
    args: { lisn, page, off },
    run({ xive }, args) {
      xive.sources.store(n(args, 'lisn'), pageOf(args['page']), n(args, 'off'));
      return DONE;
    },
  },
  end_esb: {
    summary: 'an access to an ESB page of an END: n for notifications, e for escalations',
    args: {
      idx: int('END', { max: SIZES.ends - 1 }),
      cmd,
      which: { type: 'enum', values: ['n', 'e'], default: 'n', doc: 'which page' },
    },
    run: endEsb,
  },
  line: {
    summary: 'sets the level of an input of the PSI bridge',
    args: { lisn: int('level-triggered source', { min: FIRST_LSI, max: FIRST_LSI + LSIS - 1 }), level: bit('1 high') },
    run({ xive }, args) {
      xive.sources.setLevel(n(args, 'lisn'), n(args, 'level'));
      return DONE;
    },
  },
  hw_trigger: {
    summary: 'a device stores to the notification page',
    args: {
      lisn: int('source', { max: FIRST_LSI - 1 }),
      pq_checked: bit('1: the device has looked at PQ itself', { default: 0 }),
    },
    run({ xive }, args) {
      if (n(args, 'pq_checked') === 1) xive.router.notify(n(args, 'lisn'));
      else xive.sources.trigger(n(args, 'lisn'));
      return DONE;
    },
  },
};
