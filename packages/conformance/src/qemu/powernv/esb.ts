// ESB pages of sources and of ENDs: pairs of 64 KiB; a level-triggered source has one page. Sheet: 3.2; QEMU: `hw/intc/xive.c`, xive_source_esb_ops, xive_end_source_ops.

import { num } from '../../arguments.ts';
import { type Op, OracleError } from '../../oracle.ts';
import { load, type Run, store } from '../oracle.ts';
import { FIRST_LSI, isLsi, lsiAddress, PSI } from './lsi.ts';
import type { Session } from './session.ts';

const PAGE = 0x10000;

/** A place in the ESB of a source: its trigger page (even) or its EOI page (odd). */
interface EsbPlace {
  readonly lisn: number;
  readonly page: string;
  readonly off: number;
}

/** Address of a place in a source's ESB. */
export function esbAddress({ generation }: Session, { lisn, page, off }: EsbPlace): bigint {
  if (isLsi(lisn)) return lsiAddress(generation, lisn, off);
  return generation.esb + BigInt((2 * lisn + (page === 'eoi' ? 1 : 0)) * PAGE + off);
}

/** Commands that are loads: offset in the page. */
const LOADS: Readonly<Record<string, number>> = {
  eoi: 0x000,
  get: 0x800,
  set_pq_00: 0xc00,
  set_pq_01: 0xd00,
  set_pq_10: 0xe00,
  set_pq_11: 0xf00,
};

/** Commands that are stores to the trigger page of a source, its EOI page, or either page of an END. */
const STORES: Readonly<Record<string, number>> = { trigger: 0x000, store_eoi: 0x400, inject: 0x800 };

/** Carries out a command with the page that it takes. */
async function command(s: Session, cmd: string, pageOf: (isLoad: boolean) => bigint) {
  const loaded = LOADS[cmd];
  if (loaded !== undefined) return { value: await load(s.qemu, pageOf(true) + BigInt(loaded), 8) };
  const stored = STORES[cmd];
  if (stored === undefined) throw new OracleError(`an ESB has no command '${cmd}'`);
  return store(s.qemu, pageOf(false) + BigInt(stored), 0, 8);
}

const place = (op: Op): EsbPlace => ({ lisn: num(op, 'lisn'), page: String(op['page'] ?? 'eoi'), off: num(op, 'off') });

/** Bit 1 of a trigger by a device: it has looked at PQ itself. */
const PQ_CHECKED = 1n << 62n;

/** Operations on sources. */
export const ESB_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  esb: (s, op) => {
    const cmd = String(op['cmd']);
    const at = (page: string): bigint => esbAddress(s, { lisn: num(op, 'lisn'), page, off: 0 });
    return command(s, cmd, () => at(cmd === 'trigger' ? 'trigger' : 'eoi'));
  },
  esb_load: async (s, op) => ({ value: await load(s.qemu, esbAddress(s, place(op)), 8) }),
  esb_store: (s, op) => store(s.qemu, esbAddress(s, place(op)), 0, 8),
  end_esb: (s, op) => {
    const page = s.generation.endEsb + BigInt((2 * num(op, 'idx') + (op['which'] === 'e' ? 1 : 0)) * PAGE);
    return command(s, String(op['cmd']), () => page);
  },
  async line(s, op) {
    const input = num(op, 'lisn') - FIRST_LSI;
    await s.qemu.qtest(`set_irq_in ${PSI} unnamed-gpio-in ${input} ${num(op, 'level')}`);
    return undefined;
  },
  hw_trigger: (s, op) =>
    store(s.qemu, s.generation.notify, BigInt(num(op, 'lisn')) | (op['pq_checked'] === 1 ? PQ_CHECKED : 0n), 8),
};
