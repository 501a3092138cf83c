// VMs with a pseries machine and a guest, as a scenario has them, for tests.

import {
  createMachine,
  createSession,
  findOperation,
  type Json,
  type Machine,
  type OpResult,
} from '@virq/irq-core/machine';
import type { PowerChip } from '../../chip.ts';
import { ppcXive } from '../../index.ts';

/** A machine under the hand of a test. */
export interface TestVm {
  readonly machine: Machine;
  readonly chip: PowerChip;
  chipOf(vm: number): PowerChip;
  /** An operation by name, then everything that it has started runs to its end. */
  op(name: string, args?: Readonly<Record<string, unknown>>, vm?: number): OpResult;
  /** `out` of an operation that succeeds. */
  out(name: string, args?: Readonly<Record<string, unknown>>, vm?: number): Readonly<Record<string, Json>>;
  /** Trace lines of the last operation. */
  lines(): readonly string[];
}

/** Options of {@link testVm}. */
export interface TestOptions {
  readonly vm?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly vms?: number;
  readonly devices?: readonly { readonly name: string; readonly msix?: number }[];
}

type Spec = { readonly default?: Json; readonly optional?: boolean };

function complete(
  args: Readonly<Record<string, Spec>>,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const defaults = Object.entries(args).flatMap(([key, spec]) =>
    spec.default === undefined ? [] : [[key, spec.default]],
  );
  return { ...Object.fromEntries(defaults), ...given };
}

/** Builds it; two CPUs and a machine that offers XIVE alone unless `vm` says otherwise. */
export function testVm({ vm = {}, host = {}, vms = 1, devices = [] }: TestOptions = {}): TestVm {
  const options = { ic_mode: 'xive', cpus: 2, ...vm };
  const limits = { vcpus: options.cpus, gsis: 0x2000, routes: 1, irqfds: 32 };
  const machine = createMachine({
    vms: Array.from({ length: vms }, () => ({ backend: ppcXive as never, options, limits })),
    host,
    devices: devices as never,
  });
  const session = createSession(machine);
  machine.trace.on = true;
  let last: readonly string[] = [];
  const chipOf = (index: number): PowerChip => machine.vms[index]?.chip as PowerChip;
  const op: TestVm['op'] = (name, args = {}, index = 0) => {
    session.vm = machine.vms[index] as (typeof machine.vms)[number];
    const found = findOperation(session, name);
    if (found === undefined) throw new Error(`no operation ${name}`);
    const result = found.run(complete(found.args as never, args));
    machine.settle();
    last = session.takeTrace();
    return result;
  };
  return {
    machine,
    chip: chipOf(0),
    chipOf,
    op,
    out(name, args, index) {
      const result = op(name, args, index);
      if (result.ret < 0) throw new Error(`${name}: ${result.ret}`);
      return result.out ?? {};
    },
    lines: () => last,
  };
}
