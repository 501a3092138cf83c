// The contract of a backend as a vitest suite: passing it is the definition of "compatible".

import { type AnyBackend, assertBackend } from '@virq/irq-core/backend';
import { EINVAL, ENOTTY } from '@virq/irq-core/errors';
import { ROUTE, type RouteInput } from '@virq/irq-core/kvm';
import {
  checkArgs,
  createMachine,
  createSession,
  findOperation,
  type Machine,
  operationNames,
  type Session,
} from '@virq/irq-core/machine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesPerCall } from './allocation.ts';
import { argumentsOf, NAMES } from './arguments.ts';

/** What the suite must be told about a backend, because only its author knows. */
export interface BackendFacts {
  /** Options of the VM; default the vocabulary's defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** A route to a level-triggered input, and what makes the guest see and end its interrupt. Omit if the backend has none. */
  readonly level?: {
    readonly route: RouteInput;
    /** Programs the input as level-triggered and unmasked. */
    readonly prepare: (session: Session) => void;
    /** The CPU takes the interrupt and ends it (EOI), which must reach the ack notifiers. */
    readonly serve: (session: Session) => void;
  };
  /** False if the architecture has no routing tables, so that KVM_SET_GSI_ROUTING fails with ENOTTY. */
  readonly routing?: boolean;
  /** A call of the injection path that must not allocate. */
  readonly inject?: (machine: Machine) => void;
}

type Op = readonly [string, Readonly<Record<string, unknown>>];

function open(backend: AnyBackend, facts: BackendFacts): Session {
  const checked = checkArgs(backend.vocabulary.vm, facts.options ?? {});
  if (!checked.ok) throw new Error(`options: ${checked.faults.map((f) => `${f.path} ${f.message}`).join('; ')}`);
  const counted = backend.vocabulary.start?.vcpus ?? 'vcpus';
  const vcpus = (checked.args[counted] as number | undefined) ?? 1;
  const limits = { vcpus, gsis: 64, routes: 64, irqfds: 16 };
  const machine = createMachine({
    vms: [{ name: 'guest', backend, options: checked.args, limits }],
    limits: { eventfds: 32, processes: 16 },
  });
  const session = createSession(machine);
  for (const name of NAMES) session.eventfd(name);
  return session;
}

function apply(session: Session, [op, args]: Op): unknown {
  const result = findOperation(session, op)?.run(args);
  session.machine.settle();
  return result;
}

/** Sequences of operations with arguments that pass their own declarations. */
function sequences(session: Session): fc.Arbitrary<Op[]> {
  const ops = operationNames(session).filter((name) => name !== 'advance' && name !== 'observe' && name !== 'trace');
  const one = ops.map((name) => {
    const specs = findOperation(session, name)?.args ?? {};
    const made = argumentsOf(specs).map((given) => checkArgs(specs, given));
    return made.filter((c) => c.ok).map((c): Op => [name, c.ok ? c.args : {}]);
  });
  return fc.array(fc.oneof(...one), { maxLength: 25 });
}

function contract(backend: AnyBackend, facts: BackendFacts): void {
  it('is a backend of this version of the contract', () => {
    expect(() => assertBackend(backend, backend.name)).not.toThrow();
    expect(backend.name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it('declares the same layout every time', () => {
    const fingerprints = [open(backend, facts), open(backend, facts)].map((s) => s.machine.arena.fingerprint);
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });

  it('register maps have no two registers of one name', () => {
    for (const map of backend.registers) expect(typeof map.name).toBe('string');
    const names = backend.registers.map((map) => map.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('what it observes is JSON', () => {
    const session = open(backend, facts);
    for (const key of Object.keys(backend.vocabulary.observe))
      session.observed = [...new Set([...session.observed, key])];
    const seen = session.observe();
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
    expect(backend.inspect(session.vm.chip as never).length).toBeGreaterThan(0);
  });
}

function randomRuns(backend: AnyBackend, facts: BackendFacts): void {
  it('random operations never throw, are deterministic, and survive a snapshot at every step', () => {
    fc.assert(
      fc.property(sequences(open(backend, facts)), (ops) => {
        const [a, b] = [open(backend, facts), open(backend, facts)];
        for (const op of ops) {
          const snapshot = a.machine.arena.snapshot();
          const first = apply(a, op);
          b.machine.arena.restore(snapshot);
          expect(apply(b, op)).toEqual(first);
          expect(b.machine.arena.diff(a.machine.arena.bytes)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
}

function resample(backend: AnyBackend, facts: NonNullable<BackendFacts['level']>, all: BackendFacts): void {
  it('a resampling irqfd: asserted until EOI, lowered once, then every resamplefd is signalled', () => {
    const session = open(backend, all);
    const { kvm } = session.vm;
    expect(kvm.setGsiRouting([facts.route], 0)).toBe(0);
    facts.prepare(session);
    const args = (name: string) => ({
      fd: session.eventfd(name),
      resamplefd: session.eventfd(`${name}Resample`),
      gsi: facts.route.gsi,
      flags: 2,
    });
    expect([kvm.irqfd(args('x')), kvm.irqfd(args('y'))]).toEqual([0, 0]);
    session.machine.trace.on = true;
    session.machine.eventfds.write(session.eventfd('x'));
    session.machine.settle();
    facts.serve(session);
    session.machine.settle();
    const lowered = session
      .takeTrace()
      .filter((line) => line === `kvm_set_irq: gsi ${facts.route.gsi} level 0 source 1`);
    const counts = ['xResample', 'yResample'].map((name) => session.machine.eventfds.count(session.eventfd(name)));
    expect({ lowered: lowered.length, counts }).toEqual({ lowered: 1, counts: [1, 1] });
  });
}

/** Registers the contract suite for a backend. Call it at the top level of a test file. */
export function describeBackend(backend: AnyBackend, facts: BackendFacts = {}): void {
  describe(`backend ${backend.name}`, () => {
    contract(backend, facts);
    randomRuns(backend, facts);

    it('refuses a route of unknown type and leaves the table alone', () => {
      const { kvm } = open(backend, facts).vm;
      const before = kvm.state.table;
      const bad: RouteInput = {
        gsi: 1,
        type: 99,
        flags: 0,
        irqchip: 0,
        pin: 0,
        addressLo: 0,
        addressHi: 0,
        data: 0,
        devid: 0,
      };
      expect([kvm.setGsiRouting([bad], 0), kvm.state.table]).toEqual([
        facts.routing === false ? -ENOTTY : -EINVAL,
        before,
      ]);
      expect(ROUTE.IRQCHIP).toBe(1);
    });

    const { level, inject } = facts;
    if (level !== undefined) resample(backend, level, facts);
    if (inject !== undefined)
      it('the injection path does not allocate', () => {
        const { machine } = open(backend, facts);
        expect(bytesPerCall(() => inject(machine))).toBeLessThan(1);
      });
  });
}
