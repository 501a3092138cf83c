// XICS over XIVE against what XICS promises: nothing lost, nothing twice, the most favoured first, and the guest is told.

import { type AnyProtocol, type Edits, omit, replace } from '@virq/irq-core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hCppr } from '../protocols/xics-cppr.ts';
import { hEoi } from '../protocols/xics-eoi.ts';
import { intOn, setXive } from '../protocols/xics-mask.ts';
import { hIpi, hXirr } from '../protocols/xics-present.ts';
import { xicsOf } from '../protocols/xics-world.ts';
import { type Guest, openGuest } from './__fixtures__/guest.ts';
import { Reference } from './__fixtures__/reference.ts';

const CPUS = 2;
const SOURCES = 3;
const FIRST = 0x1101;
const irqOf = (irq: number): number => irq - FIRST;

type Op =
  | { readonly op: 'raise'; readonly i: number }
  | { readonly op: 'take' | 'eoi'; readonly cpu: number }
  | { readonly op: 'cppr'; readonly cpu: number; readonly value: number }
  | { readonly op: 'ipi'; readonly cpu: number; readonly mfrr: number }
  | { readonly op: 'target'; readonly i: number; readonly server: number; readonly priority: number }
  | { readonly op: 'off' | 'on'; readonly i: number };

const cpu = fc.nat(CPUS - 1);
const i = fc.nat(SOURCES - 1);
const priority = fc.constantFrom(0, 1, 4, 5, 6, 7);
const OPS: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('raise' as const), i }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('take' as const), cpu }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('eoi' as const), cpu }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('cppr' as const), cpu, value: fc.constantFrom(0, 4, 5, 0xff) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('ipi' as const), cpu, mfrr: fc.constantFrom(0, 4, 5, 6) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('target' as const), i, server: cpu, priority }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('off' as const, 'on' as const), i }) },
);

/** One run: the device, the reference beside it, and the interrupts that each vCPU is in. */
class Run {
  readonly ref = new Reference(CPUS, SOURCES);
  readonly stacks: number[][] = Array.from({ length: CPUS }, () => []);
  readonly off = new Set<number>();
  broken: string | null = null;

  readonly g: Guest;

  constructor(g: Guest) {
    this.g = g;
    for (let c = 0; c < CPUS; c++) g.run('h_cppr', { cpu: c, value: 0xff });
    for (let s = 0; s < SOURCES; s++) g.run('xics_source_set', { n: FIRST + s, destination: 0, priority: 5 });
  }

  private rtas(name: string, ...args: number[]): void {
    this.g.run('rtas', { name, args });
  }

  take(c: number): boolean {
    const xirr = this.g.xirr(c);
    this.broken ??= this.ref.take(c, xirr, irqOf);
    const irq = xirr & 0xffffff;
    if (irq === 0) return false;
    this.stacks[c]?.push(xirr);
    if (irq !== 2) return true;
    this.g.run('h_ipi', { cpu: c, server: c, mfrr: 0xff });
    this.ref.mfrr[c] = 0xff;
    return true;
  }

  eoi(c: number): void {
    const xirr = this.stacks[c]?.pop();
    if (xirr === undefined) return;
    const irq = xirr & 0xffffff;
    this.g.run('h_eoi', { cpu: c, xirr });
    this.ref.eoi(c, xirr, irq === 2 ? null : irqOf(irq));
  }

  cppr(c: number, value: number): void {
    this.g.run('h_cppr', { cpu: c, value });
    this.ref.close(c, value);
  }

  apply(op: Op): void {
    const { g, ref } = this;
    if (op.op === 'raise') {
      g.run('irq_line', { n: FIRST + op.i, level: 1 });
      ref.raise(op.i);
    } else if (op.op === 'take') this.take(op.cpu);
    else if (op.op === 'eoi') this.eoi(op.cpu);
    else if (op.op === 'cppr') this.cppr(op.cpu, op.value);
    else if (op.op === 'ipi') {
      g.run('h_ipi', { cpu: 1 - op.cpu, server: op.cpu, mfrr: op.mfrr });
      ref.mfrr[op.cpu] = op.mfrr;
    } else if (op.op === 'target') {
      this.rtas('ibm,set-xive', FIRST + op.i, op.server, op.priority);
      this.off.delete(op.i);
      ref.target(op.i, op.server, op.priority);
    } else if (op.op === 'off' && !this.off.has(op.i)) {
      this.off.add(op.i);
      this.rtas('ibm,int-off', FIRST + op.i);
      ref.mask(op.i, true);
    } else if (op.op === 'on' && this.off.delete(op.i)) {
      this.rtas('ibm,int-on', FIRST + op.i);
      ref.mask(op.i, false);
    }
    for (let c = 0; c < CPUS; c++) if (ref.isDue(c) && !this.g.line(c)) this.broken ??= 'the guest is told';
  }

  /** Everything is unmasked, ended and taken. */
  drain(): void {
    for (const s of [...this.off]) this.apply({ op: 'on', i: s });
    for (let c = 0; c < CPUS; c++) while ((this.stacks[c]?.length ?? 0) > 0) this.eoi(c);
    for (let c = 0; c < CPUS; c++) this.cppr(c, 0xff);
    for (let round = 0; round < 16; round++)
      for (let c = 0; c < CPUS; c++) if (this.g.line(c) && this.take(c)) this.eoi(c);
    if (!this.ref.isDone()) this.broken ??= 'nothing is lost';
  }
}

/** The law that a sequence breaks, null if none. */
function lawBroken(ops: readonly Op[], edits: Edits = []): string | null {
  const run = new Run(openGuest({ vcpus: CPUS, edits }));
  for (const op of ops) {
    run.apply(op);
    if (run.broken !== null) return run.broken;
  }
  run.drain();
  return run.broken;
}

describe('XICS over XIVE', () => {
  it('F-50 F-51 F-52 F-53 nothing is lost, nothing comes twice, the most favoured comes first, the guest is told', () => {
    fc.assert(
      fc.property(fc.array(OPS, { maxLength: 40 }), (ops) => {
        expect(lawBroken(ops)).toBeNull();
      }),
      { numRuns: 120 },
    );
  });

  const leastFavoured: AnyProtocol<never> = replace(hXirr, 'scan.pick', (m, f) => {
    const v = xicsOf(m, f).vcpus.at(f.vcpu);
    if (f.hirq !== 0 || f.pending === 0) return 'scan.offerIpi';
    f.prio = 31 - Math.clz32(f.pending);
    const q = v.queues.at(f.prio & 7);
    Object.assign(f, { idx: q.idx, toggle: q.toggle, hasPage: q.qpage });
    return f.prio >= v.cppr ? 'scan.offerIpi' : undefined;
  }) as never;
  const raise = (n: number): Op => ({ op: 'raise', i: n });
  const take: Op = { op: 'take', cpu: 0 };
  const eoi: Op = { op: 'eoi', cpu: 0 };
  const off: Op = { op: 'off', i: 0 };
  const ipi: Op = { op: 'ipi', cpu: 0, mfrr: 4 };
  const cppr = (value: number): Op => ({ op: 'cppr', cpu: 0, value });
  const target = (n: number, to: number): Op => ({ op: 'target', i: n, server: 0, priority: to });
  const TOLD = 'the guest is told';
  const mutants: readonly (readonly [string, Edits, readonly Op[], string])[] = [
    [
      'H_EOI leaves a masked source without a note',
      [[hEoi, omit(hEoi, 'forgetP')]],
      [raise(0), take, off, eoi, raise(0)],
      TOLD,
    ],
    ['unmasking forgets Q', [[intOn, omit(intOn, 'restoreQ')]], [raise(0), take, raise(0), off, eoi], TOLD],
    ['set-xive does not start the source', [[setXive, omit(setXive, 'start')]], [off, raise(0), target(0, 5)], TOLD],
    ['H_EOI does not push what is pending', [[hEoi, omit(hEoi, 'pushPending')]], [raise(0), raise(1), take, eoi], TOLD],
    ['H_CPPR does not push what is pending', [[hCppr, omit(hCppr, 'pushPending')]], [cppr(0), ipi, cppr(0xff)], TOLD],
    ['H_IPI does not signal', [[hIpi, omit(hIpi, 'signal')]], [ipi], TOLD],
    ['the queue is not read on', [[hXirr, omit(hXirr, 'scan.commit')]], [raise(0), take, eoi], 'once'],
    [
      'an IPI waits behind what is less favoured',
      [[hXirr, omit(hXirr, 'scan.prefersIpi')]],
      [raise(0), raise(1), take, ipi, eoi, take],
      'order',
    ],
    [
      'the least favoured comes first',
      [[hXirr, leastFavoured]],
      [target(1, 1), raise(0), raise(2), take, eoi, raise(1), take],
      'order',
    ],
  ];
  it.each(mutants)('a mutant: %s', (_name, edits, ops, law) => {
    expect([lawBroken(ops), lawBroken(ops, edits)]).toEqual([null, law]);
  });
});
