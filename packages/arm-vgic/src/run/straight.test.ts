// What runs in one go leaves what the paths leave, step by step: the same bytes after every operation.

import { findOperation } from '@virq/irq-core/machine';
import { type AnyProtocol, type Edits, type Protocol, replace } from '@virq/irq-core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { CONFIG } from '../irq/layout.ts';
import { VGIC_PROTOCOLS } from '../lists/index.ts';

type AnyPath = Protocol<unknown, never>;

/** A copy stands in for each path, so that none runs in one go. */
const COPIES: Edits = (VGIC_PROTOCOLS as unknown as readonly AnyPath[]).map((path) => {
  const copy = replace(path, path.labels[0] as string, path.steps[0] as never);
  return [path, copy] as unknown as readonly [AnyProtocol<never>, AnyProtocol<never>];
});

type Row = Readonly<Record<string, unknown>>;

/** An operation as a process that walks its path, where it has one. */
function walk(t: ArmVm, name: string, args: Row): void {
  const { machine, vm } = t.session;
  const operation = vm.backend.vocabulary.operations[name];
  const path = operation?.path?.(args, {});
  if (path === undefined) {
    findOperation(t.session, name)?.run(args);
    return;
  }
  const begun = path.begin(vm.chip as never);
  if (typeof begun !== 'number') machine.processes.call(path.protocol as never, begun as never);
}

const INTIDS = [32, 33, 34, 35, 36, 40, 63] as const;
const VCPUS = 2;

const vcpu = fc.integer({ min: 0, max: VCPUS - 1 });
const intid = fc.constantFrom(...INTIDS);

/** Things that happen: operations by name, and what registers outside of the CPU interface would change. */
const happening = fc.oneof(
  fc.record({ op: fc.constant('irq_line'), irq: intid, level: fc.constantFrom(0, 1, 1), type: fc.constant('spi') }),
  fc.record({
    op: fc.constant('irq_line'),
    irq: fc.constant(27),
    level: fc.constantFrom(0, 1),
    type: fc.constant('ppi'),
    vcpu,
  }),
  fc.record({ op: fc.constantFrom('vcpu_run', 'vcpu_exit'), cpu: vcpu }),
  fc.record({ op: fc.constant('iar'), cpu: vcpu }),
  fc.record({ op: fc.constantFrom('eoir', 'dir'), intid: fc.oneof(intid, fc.constant(27)), cpu: vcpu }),
  fc.record({
    op: fc.constant('msr'),
    reg: fc.constant('ICC_CTLR_EL1'),
    value: fc.constantFrom(0n, 2n),
    el: fc.constant(1),
    cpu: vcpu,
  }),
  fc.record({
    op: fc.constant('msr'),
    reg: fc.constant('ICC_IGRPEN1_EL1'),
    value: fc.constantFrom(0n, 1n, 1n),
    el: fc.constant(1),
    cpu: vcpu,
  }),
  fc.record({
    change: fc.constantFrom('target', 'enabled', 'config', 'active', 'hw'),
    irq: intid,
    to: fc.integer({ min: 0, max: 1 }),
  }),
  fc.record({ change: fc.constant('distributor'), irq: intid, to: fc.integer({ min: 0, max: 1 }) }),
) as fc.Arbitrary<Row>;

/** A change that another room's registers make, and the queueing after it. */
function change(t: ArmVm, { change: what, irq, to }: Row): void {
  if (what === 'distributor') {
    t.chip.state.dist.enabled = to as number;
    return;
  }
  const i = t.irq(irq as number);
  if (what === 'target') i.target = 1 + (to as number);
  else if (what === 'hw') {
    i.hw = to as number;
    i.hostIrq = irq as number;
  } else i[what as 'enabled'] = to as number;
  t.chip.inputs.queue(t.chip.irqs.find(-1, irq as number));
}

/** Priorities that differ, one of two triggers, all enabled; irqfds with and without resamplefd. */
function setUp(t: ArmVm): void {
  t.chip.state.dist.enabled = 1;
  for (const [n, id] of INTIDS.entries())
    Object.assign(t.irq(id), {
      enabled: 1,
      priority: 0x90 + 8 * (n >> 1),
      config: n % 2 === 0 ? CONFIG.LEVEL : CONFIG.EDGE,
    });
  for (let v = 0; v < VCPUS; v++) Object.assign(t.irq(27, v), { enabled: 1, priority: 0x80 });
  t.op('irqfd', { name: 'a', gsi: 0, resample: 'r' });
  for (let cpu = 0; cpu < VCPUS; cpu++) t.op('cpu_setup', { cpu });
}

describe('F-06 F-27 F-28 F-29 F-30 in one go and step by step', () => {
  it.each(['6.1', '6.19-rc', '7.3'] as const)('VGIC of %s: the same bytes after everything that can happen', (vgic) => {
    const world = fc.record({
      nrLr: fc.integer({ min: 1, max: 3 }),
      happenings: fc.array(happening, { maxLength: 40 }),
    });
    const options = (nr_lr: number) => ({ vm: { cpus: VCPUS, vgic, nr_lr } });
    fc.assert(
      fc.property(world, ({ nrLr, happenings }) => {
        const straight = openArm(options(nrLr));
        const stepped = openArm({ ...options(nrLr), edits: COPIES });
        setUp(straight);
        setUp(stepped);
        for (const h of happenings) {
          if (h['change'] !== undefined) {
            change(straight, h);
            change(stepped, h);
          } else {
            const { op, ...args } = h;
            findOperation(straight.session, op as string)?.run(args);
            walk(stepped, op as string, args);
          }
          expect(stepped.session.machine.arena.diff(straight.session.machine.arena.bytes)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
