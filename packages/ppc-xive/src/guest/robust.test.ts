// Whatever guest, devices and VMM do in whatever order, the model goes on; and what a hypercall was given is never an exception.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HCALL } from '../spapr/codes.ts';
import { testVm } from './__fixtures__/vm.ts';

type Call = readonly [string, Readonly<Record<string, unknown>>];

const lisn = fc.constantFrom(0, 1, 0x1000, 0x1200, 0x1300, 0x1301, 0x1fff);
const cpu = fc.nat(2);
const irq = fc.integer({ min: 15, max: 20 });
const word = fc.oneof(
  fc.constantFrom(0n, 1n, 6n, 7n, 16n, 0xffn, 0x1200n, 0x1300n, 0x1000000n, 0x20000n, (1n << 64n) - 1n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);
const call = (name: string, args: fc.Arbitrary<Readonly<Record<string, unknown>>>): fc.Arbitrary<Call> =>
  args.map((a) => [name, a] as const);

const CALLS: fc.Arbitrary<Call> = fc.oneof(
  call('guest_boot', fc.record({ mode: fc.constantFrom('xive', 'xics') })),
  call('system_reset', fc.constant({})),
  call('vm_stop', fc.constant({})),
  call('vm_resume', fc.constant({})),
  call('migrate_ram', fc.record({ to: fc.nat(2), pass: fc.constantFrom('all', 'dirty') })),
  call('migrate_state', fc.record({ to: fc.nat(2) })),
  call('claim_irq', fc.record({ lisn, lsi: fc.nat(1) })),
  call('free_irq', fc.record({ lisn })),
  call('allocate_msis', fc.record({ count: fc.integer({ min: 1, max: 3 }), align: fc.constantFrom(1, 2, 4) })),
  call('free_msis', fc.record({ lisn, count: fc.integer({ min: 1, max: 3 }) })),
  call('qemu_irq', fc.record({ lisn, level: fc.nat(1) })),
  call(
    'hcall',
    fc.record({
      cpu,
      name: fc.constantFrom(...Object.keys(HCALL).filter((name) => name !== 'H_CEDE')),
      args: fc.array(word, { maxLength: 5 }),
    }),
  ),
  call('guest_irq_startup', fc.record({ cpu, lisn, target: cpu })),
  call('guest_irq_shutdown', fc.record({ cpu, irq })),
  call('guest_irq_mask', fc.record({ cpu, irq })),
  call('guest_irq_unmask', fc.record({ cpu, irq })),
  call('guest_irq_retrigger', fc.record({ cpu, irq })),
  call('guest_set_affinity', fc.record({ cpu, irq, target: cpu })),
  call('guest_ipi', fc.record({ cpu, target: cpu })),
  call('guest_interrupt', fc.record({ cpu })),
  call('guest_eoi', fc.record({ cpu, irq })),
  call('guest_serve', fc.record({ cpu })),
  call('guest_cede', fc.record({ cpu })),
  call('guest_load', fc.record({ cpu, addr: word, size: fc.constantFrom(1, 2, 4, 8) })),
  call('guest_store', fc.record({ cpu, addr: word, value: word, size: fc.constantFrom(1, 2, 4, 8) })),
  call('vcpu_put', fc.record({ vcpu: cpu })),
  call('vcpu_load', fc.record({ vcpu: cpu, thread: fc.nat(5) })),
  call('vcpu_run', fc.record({ vcpu: cpu })),
);

describe('F-59 F-60 anything goes', () => {
  it.each(['xive', 'xics', 'dual'])('ic-mode=%s: no order of operations is an error of the model', (mode) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(CALLS, fc.nat(9)), { maxLength: 40 }), (calls) => {
        const t = testVm({ vms: 2, vm: { ic_mode: mode }, host: { threads: 5, frames: 512 } });
        t.op('guest_boot', { mode: mode === 'xics' ? 'xics' : 'xive' });
        // One in ten is about the other VM.
        for (const [[name, args], vm] of calls) t.op(name, args, vm === 0 ? 1 : 0);
        for (const vm of [0, 1]) {
          const { threads } = t.chipOf(vm).host.xive.state;
          for (let v = 0; v < 2; v++) {
            const { pushed, thread } = t.chipOf(vm).state.kvm.vcpus.at(v);
            expect(pushed === 0 || thread > 0).toBe(true);
            if (pushed === 1) expect(threads.at(thread - 1).rings.at(1).w2 >>> 31).toBe(1);
          }
        }
      }),
      { numRuns: 150, seed: 3 },
    );
  });
});
