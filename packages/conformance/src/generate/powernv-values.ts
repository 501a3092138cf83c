// Values that matter to XIVE: few sources, ENDs and NVTs, so that they meet; priorities and CPPRs around each other; queues near their end.

import type { Choose } from './choose.ts';

/** The generation a sequence runs on. */
export type Backend = 'xive9' | 'xive10';

/** NVT that hardware threads 0 and 1 have by themselves: 0x80 and the PIR. */
export const HARDWARE_NVTS = [0x80, 0x84];
const HOT_NVTS = [1, 2, 3];
const PRIORITIES = [0, 2, 4, 4, 6, 6, 7];
const CPPRS = [0, 3, 4, 5, 6, 7, 8, 0x2a, 0xff, 0xff, 0xff];

/** A source with a pair of ESB pages. */
export const msi = (c: Choose): number => (c.chance(80) ? c.between(0, 2) : c.between(3, 7));
/** A level-triggered one. */
export const lsi = (c: Choose): number => 16 + c.between(0, c.chance(90) ? 1 : 3);
export const anySource = (c: Choose): number => (c.chance(85) ? msi(c) : lsi(c));
export const end = (c: Choose): number => (c.chance(85) ? c.between(0, 3) : c.between(4, 7));
export const nvt = (c: Choose): number => (c.chance(80) ? c.one(HOT_NVTS) : c.one(HARDWARE_NVTS));
/** What an NVT has pending. */
export const backlog = (c: Choose): number => c.one([0, 0, 0, 2, 8, 0x82]);
export const thread = (c: Choose): number => c.between(0, 1);
/** A CPPR as it is stored; all above 7 mean 0xff. */
export const cppr = (c: Choose): number => c.one(CPPRS);
/** A priority; 0xff masks an END, the others above 7 have no bit in an IPB. */
export const priority = (c: Choose): number => (c.chance(92) ? c.one(PRIORITIES) : c.one([0xff, 0xff, 8, 0x7f]));
export const data = (c: Choose): number => c.one([0, 1, 0x1234, 0x7fffffff, 0x80000001, c.u32()]);

/** Percentages at which a bit of an END differs from what it is by default. */
const bit = (c: Choose, often: number): number => (c.chance(often) ? 1 : 0);

/** log2 of the size of a queue, and a place in it: often the last entries, from which it wraps. */
function queue(c: Choose): { readonly qsize: number; readonly off: number } {
  const qsize = c.chance(85) ? 12 : 16;
  const entries = 2 ** (qsize - 2);
  return { qsize, off: c.chance(40) ? 0 : c.chance(80) ? entries - c.between(1, 3) : c.between(0, entries - 1) };
}

/**
 * Where an END escalates to. An END that escalates unconditionally goes to a higher index only: in a circle without an ESe nothing ends
 * the chain, and QEMU runs out of stack.
 */
export const escalation = (c: Choose, idx: number, unconditional: boolean): number =>
  unconditional ? idx + c.between(1, 2) : end(c);

/** Arguments of `end`: one that notifies, coalesces, backlogs, escalates, is silent, or several of these. */
export function endArguments(c: Choose, idx = end(c)): Readonly<Record<string, number>> {
  const unconditional = c.chance(30);
  const format = bit(c, 8);
  return {
    idx,
    nvt: nvt(c),
    prio: format === 1 && c.chance(50) ? 0xff : priority(c),
    valid: bit(c, 94),
    enqueue: bit(c, 92),
    notify: bit(c, 60),
    backlog: bit(c, 70),
    escalate: bit(c, 45),
    unconditional: unconditional ? 1 : 0,
    silent: bit(c, 12),
    format,
    ignore: bit(c, 6),
    esn: c.one([0, 0, 0, 1, 2, 3]),
    ese: c.one([0, 0, 0, 1, 2, 3]),
    gen: bit(c, 70),
    ...queue(c),
    esc_end: escalation(c, idx, unconditional),
    esc_data: data(c),
  };
}
