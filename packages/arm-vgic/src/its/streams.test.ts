// Random streams of commands and messages: what they mean, what caches hold, that the paths do in steps what is done in one go, and that saved tables bring it all back.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { vocabulary } from '../vocabulary/index.ts';
import { createReference } from './__fixtures__/reference.ts';
import { itsState } from './__fixtures__/state.ts';
import { anyStream, type StreamOp } from './__fixtures__/streams.ts';

const open = (vgic = '7.3'): ArmVm => {
  const vm = openArm({ vm: { cpus: 3, its: true, lpis: 16, memory: 128, frames: 64, vgic } });
  vm.chip.state.dist.enabled = 1;
  return vm;
};

const isListed = (vm: ArmVm, intid: number): boolean => [0, 1, 2].some((vcpu) => vm.listed(vcpu).includes(intid));

interface Mapped {
  readonly id: number;
  readonly bits: number;
  readonly events: readonly { readonly event: number; readonly intid: number }[];
}
const mappings = (devices: readonly Mapped[]) =>
  devices
    .map(({ id, bits, events }) => ({ id, bits, events: events.map(({ event, intid }) => ({ event, intid })) }))
    .sort((a, b) => a.id - b.id);

describe('F-47 F-46 random commands', () => {
  it('mean what they mean in the reference', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const vm = open();
        const reference = createReference();
        /** LPIs that no event named any more while a list had them: mapped anew they are what they were. */
        const old = new Set<number>();
        for (const step of stream) {
          vm.op(step.op, step.args);
          const before = reference.lpis().map(({ intid }) => intid);
          reference.apply(step);
          const after = reference.lpis();
          for (const intid of before) if (isListed(vm, intid) && !after.some((l) => l.intid === intid)) old.add(intid);
          const { devices, lpis } = itsState(vm.chip);
          expect(mappings(devices)).toEqual(mappings(reference.events()));
          const got = lpis.map(({ intid, target, enabled, pendingLatch: pending }) => ({
            intid,
            target,
            enabled,
            pending,
          }));
          expect(got.filter((l) => !old.has(l.intid))).toEqual(after.filter((l) => !old.has(l.intid)));
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it.each(['6.1', '7.3'])('F-50 F-51 leave no translation in the cache of %s that the tables do not have', (vgic) => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const vm = open(vgic);
        for (const step of stream) {
          vm.op(step.op, step.args);
          const { devices, translations } = itsState(vm.chip);
          const known = devices.flatMap((d) =>
            d.events.filter((e) => e.icid !== null).map((e) => `${[d.id, e.event, e.intid]}`),
          );
          expect(translations.filter((t) => !known.includes(`${t}`))).toEqual([]);
        }
      }),
      { numRuns: 30, seed: 12 },
    );
  });

  it.each(['6.1', '6.12', '6.18', '7.3'])('by the path, step by step, leave what they leave in one go: %s', (vgic) => {
    const walk = (vm: ArmVm, { op, args }: StreamOp): void => {
      const found = vocabulary.operations[op];
      const full = Object.fromEntries(
        Object.entries(found?.args ?? {}).map(([key, spec]) => [key, args[key] ?? spec.default]),
      );
      const path = found?.path?.(full, {});
      if (path === undefined) return void vm.op(op, args);
      const locals = path.begin(vm.chip);
      if (typeof locals === 'object') vm.session.machine.processes.call(path.protocol as never, locals as never);
    };
    fc.assert(
      fc.property(anyStream, (stream) => {
        const [straight, stepped] = [open(vgic), open(vgic)];
        for (const step of stream) {
          straight.op(step.op, step.args);
          walk(stepped, step);
          expect(itsState(stepped.chip)).toEqual(itsState(straight.chip));
        }
      }),
      { numRuns: 20, seed: 13 },
    );
  });
});
