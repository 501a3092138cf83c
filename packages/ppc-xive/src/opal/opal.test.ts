// The firmware's calls as skiboot answers them. skiboot: doc/xive.rst, hw/xive.c, hw/xive2.c.

import { describe, expect, it } from 'vitest';
import { openPower } from '../__fixtures__/power-vm.ts';
import { EQ_FLAG, MASKED, OPAL, VP_FLAG } from './codes.ts';
import { HOST_VP } from './context.ts';
import { vpId } from './vp-id.ts';

const { BUSY, PARAMETER, RESOURCE, SUCCESS, WRONG_STATE, XIVE_FREE_ACTIVE } = OPAL;
const QUEUE = { frame: 0x1000, qsize: 16, flags: EQ_FLAG.ENABLED | EQ_FLAG.ALWAYS_NOTIFY | EQ_FLAG.ESCALATE };

/** A host without VMs that have VPs. */
function open(host = {}) {
  const t = openPower({ vm: { dev: 'none' }, host: { vps: 32, ipis: 2, ...host } });
  return { ...t.chip.host.opal, xive: t.chip.host.xive, state: t.chip.host.state };
}

/** A block of 4 VPs, the first of them enabled. */
function withVp(flags: number = VP_FLAG.ENABLED, host = {}) {
  const o = open(host);
  const base = o.vps.allocate(2);
  expect(o.vps.set(base, flags)).toBe(SUCCESS);
  const end = (priority: number) => o.xive.state.ends.at(o.endOfVp(base, priority));
  return { ...o, base, end };
}

describe('virtual processors', () => {
  it('F-26 F-27: blocks are aligned, never overlap, and run out', () => {
    const { vps } = open({ vps: 16 });
    expect([vps.allocate(3), vps.allocate(3), vps.allocate(2)]).toEqual([vpId(3, 8), RESOURCE, vpId(2, 4)]);
  });

  it('F-26: a block is only given back when none of its VPs is enabled', () => {
    const { vps, base } = withVp();
    expect(vps.free(base)).toBe(XIVE_FREE_ACTIVE);
    vps.set(base, 0);
    expect([vps.free(base), vps.free(base), vps.allocate(2)]).toEqual([SUCCESS, PARAMETER, base]);
  });

  it('F-26: info of a VP, and of what is none', () => {
    const { vps, base } = withVp();
    expect(vps.info(base)).toEqual({ flags: VP_FLAG.ENABLED, cam: base & 0xffffff });
    expect([vps.info(0x40ffffff), vps.set(0x40ffffff, 1), vps.state(base + 1), vps.state(base)]).toEqual([
      null,
      PARAMETER,
      null,
      { hi: 0, lo: 0 },
    ]);
  });

  it('F-27: POWER10 saves contexts: H in the CAM value, CPPR 0xFF in a new NVP; POWER9 refuses the flag', () => {
    const { vps, base, xive } = withVp(VP_FLAG.ENABLED | VP_FLAG.SAVE_RESTORE, { generation: 'power10' });
    expect(vps.info(base)).toMatchObject({ flags: VP_FLAG.ENABLED | VP_FLAG.SAVE_RESTORE });
    expect([(vps.info(base)?.cam ?? 0) >>> 30, xive.state.nvts.at(base & 0xffffff).cppr]).toEqual([1, 0xff]);
    const nine = open();
    expect(nine.vps.set(nine.vps.allocate(0), VP_FLAG.ENABLED | VP_FLAG.SAVE_RESTORE)).toBe(PARAMETER);
  });
});

describe('single escalation', () => {
  const SINGLE = VP_FLAG.ENABLED | VP_FLAG.SINGLE_ESCALATION;

  it('V-67 F-26: END 7 gathers: silent, its ESn off, its ESe on; the others lead to it unconditionally', () => {
    const { base, end, endOfVp, queues } = withVp(SINGLE);
    expect(end(7)).toMatchObject({ valid: 1, silent: 1, escalate: 1, backlog: 1, esn: 1, ese: 0 });
    expect(end(3)).toMatchObject({ valid: 0, unconditional: 1, escIndex: endOfVp(base, 7) });
    expect(queues.info(base, 3)?.escIrq).toBe((0x01000000 | endOfVp(base, 7)) >>> 0);
    expect([queues.set(base, 7, QUEUE), queues.info(base, 7)]).toMatchObject([PARAMETER, { flags: 0, qsize: 0 }]);
  });

  it('V-67: a queue that is disabled forgets it, until the VP is enabled again', () => {
    const { base, endOfVp, queues, vps } = withVp(SINGLE);
    const esc = (): number => (queues.info(base, 3)?.escIrq ?? 0) & 7;
    queues.set(base, 3, QUEUE);
    expect(esc()).toBe(7);
    queues.set(base, 3, { frame: 0, qsize: 0, flags: 0 });
    expect([esc(), endOfVp(base, 3) & 7]).toEqual([3, 3]);
    vps.set(base, SINGLE);
    expect(esc()).toBe(7);
  });

  it('F-26: not when END 7 is a queue already; ended with the VP', () => {
    const { base, end, queues, vps } = withVp();
    queues.set(base, 7, QUEUE);
    expect(vps.set(base, SINGLE)).toBe(PARAMETER);
    queues.set(base, 7, { frame: 0, qsize: 0, flags: 0 });
    expect([vps.set(base, SINGLE), vps.set(base, 0)]).toEqual([SUCCESS, SUCCESS]);
    expect([end(7).valid, end(7).silent, end(3).unconditional, end(3).escalate]).toEqual([0, 0, 0, 0]);
  });
});

describe('queues', () => {
  it.each([0, 12, 16, 21, 24])('F-26: size %i is taken', (qsize) => {
    const { queues, base } = withVp();
    expect([queues.set(base, 5, { ...QUEUE, qsize }), queues.info(base, 5)?.qsize]).toEqual([SUCCESS, qsize]);
  });

  it.each([
    ['size 13', 5, { ...QUEUE, qsize: 13 }],
    ['priority 8', 8, QUEUE],
  ])('F-26: %s is not', (_name, priority, setup) => {
    const { queues, base } = withVp();
    expect(queues.set(base, priority, setup)).toBe(PARAMETER);
  });

  it('F-26: enabling starts with generation 1 at entry 0, and keeps the ESBs; disabling switches both off', () => {
    const { queues, base, end } = withVp();
    Object.assign(end(5), { ese: 2, generation: 0, index: 9 });
    queues.set(base, 5, QUEUE);
    expect(end(5)).toMatchObject({
      valid: 1,
      enqueue: 1,
      notify: 1,
      backlog: 1,
      escalate: 1,
      generation: 1,
      index: 0,
      ese: 2,
    });
    queues.set(base, 5, { ...QUEUE, flags: 0 });
    expect(end(5)).toMatchObject({ valid: 0, enqueue: 0, esn: 1, ese: 1, qaddrLo: 0 });
  });

  it('F-26: the position of a queue that is there, WRONG_STATE for one that is not', () => {
    const { queues, base } = withVp();
    expect([queues.state(base, 5), queues.setState(base, 5, 0, 3)]).toEqual([null, WRONG_STATE]);
    queues.set(base, 5, QUEUE);
    expect([queues.setState(base, 5, 0, 3), queues.state(base, 5)]).toEqual([SUCCESS, { toggle: 0, index: 3 }]);
    expect([queues.setState(0x40ffffff, 5, 0, 3), queues.info(0x40ffffff, 5)]).toEqual([PARAMETER, null]);
  });
});

describe('interrupts', () => {
  it('F-26: allocated ones are off and masked, and run out; given back they are', () => {
    const { irqs, xive } = open();
    const first = irqs.allocate();
    expect([first > 0, irqs.allocate() > 0, irqs.allocate()]).toEqual([true, true, RESOURCE]);
    const source = xive.sources.at(irqs.indexOf(first));
    expect(source).toMatchObject({ pq: 1, valid: 1, masked: 1, data: first });
    Object.assign(source, { pq: 0, masked: 0 });
    expect([irqs.free(first), source.pq, source.masked, irqs.free(first), irqs.allocate()]).toEqual([
      0,
      1,
      1,
      PARAMETER,
      first,
    ]);
  });

  it('F-26: a target leaves PQ alone; 0xFF masks; what is no source, VP or priority is refused', () => {
    const { irqs, xive, base } = withVp();
    const girq = irqs.allocate();
    expect(irqs.configure(girq, { vp: base, priority: 5, lirq: 0x77 })).toBe(SUCCESS);
    expect(irqs.config(girq)).toEqual({ vp: vpId(0, base & 0xffffff), priority: 5, lirq: 0x77 });
    expect(xive.sources.at(irqs.indexOf(girq)).pq).toBe(1);
    irqs.configure(girq, { vp: HOST_VP, priority: MASKED, lirq: 0 });
    expect(irqs.config(girq)).toMatchObject({ priority: MASKED });
    expect([
      irqs.configure(0xfffff, { vp: base, priority: 5, lirq: 0 }),
      irqs.configure(girq, { vp: 0x40ffffff, priority: 5, lirq: 0 }),
      irqs.configure(girq, { vp: base, priority: 8, lirq: 0 }),
      irqs.sync(0xfffff),
    ]).toEqual([PARAMETER, PARAMETER, PARAMETER, PARAMETER]);
  });

  it('F-26: info: two pages for an IPI, one for a message of a PHB, no trigger page for its LSI and for escalations', () => {
    const { irqs, xive } = open();
    const ipi = irqs.allocate();
    expect(irqs.info(ipi)).toMatchObject({ triggerPage: true, shift: 17 });
    expect(irqs.info(irqs.numberOf(0))).toMatchObject({ triggerPage: true, shift: 16 });
    Object.assign(xive.sources.at(1), { lsi: 1 });
    expect([irqs.info(irqs.numberOf(1))?.triggerPage, irqs.info(0x01000003)?.triggerPage, irqs.info(0xfffff)]).toEqual([
      false,
      false,
      null,
    ]);
  });
});

describe('OPAL_BUSY', () => {
  it('F-26: the calls that change something answer it as often as they are told, and have done nothing', () => {
    const o = withVp();
    const girq = o.irqs.allocate();
    o.state.busy = 5;
    expect([
      o.irqs.allocate(),
      o.irqs.configure(girq, { vp: o.base, priority: 5, lirq: 1 }),
      o.vps.allocate(0),
      o.vps.set(o.base, 0),
      o.queues.set(o.base, 5, QUEUE),
      o.queues.set(o.base, 5, QUEUE),
    ]).toEqual([BUSY, BUSY, BUSY, BUSY, BUSY, SUCCESS]);
    expect([o.irqs.config(girq)?.priority, o.vps.info(o.base)?.flags]).toEqual([MASKED, VP_FLAG.ENABLED]);
  });
});
