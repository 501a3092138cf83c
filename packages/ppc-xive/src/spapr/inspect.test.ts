// What `virq inspect` shows of a machine and its guest.

import { expect, it } from 'vitest';
import { type TestVm, testVm } from '../guest/__fixtures__/vm.ts';
import { inspect } from '../inspect.ts';

/** Those of the machine and of the guest. */
const sections = (t: TestVm) => inspect(t.chip).filter(({ title }) => /^(pseries|Linux)/.test(title));

it('F-63 a line per LISN with its queue, per CPU and per interrupt of the guest', () => {
  const t = testVm();
  t.op('guest_boot');
  t.op('claim_irq', { lisn: 0x1300 });
  t.op('claim_irq', { lisn: 0x1200, lsi: 1 });
  t.op('guest_irq_startup', { lisn: 0x1300, target: 1 });
  t.op('qemu_irq', { lisn: 0x1200 });
  const [machine, guest] = sections(t);
  expect(machine?.title).toBe('pseries, XIVE: LISN, EISN, CPU/priority, EQ');
  expect(machine?.lines).toEqual([
    '00000000 MSI   00000010 0/6 0/16384 @1000000 ^1',
    '00000001 MSI   00000010 1/6 0/16384 @1010000 ^1',
    '00001200 LSI A M 00000000',
    '00001300 MSI   00000011 1/6 0/16384 @1010000 ^1',
  ]);
  expect(guest?.lines).toEqual([
    'CPU 0: pp=00 CPPR=ff EQ @1000000 0 T=0 count=0',
    'CPU 1: pp=00 CPPR=ff EQ @1010000 0 T=0 count=1',
    'irq 17: hwirq=0x1300 target=1',
  ]);
});

it('F-66 without KVM the machine says that it emulates', () => {
  const t = testVm({ vm: { kernel_irqchip: 'off' } });
  expect(sections(t)[0]?.title).toMatch(/^pseries, XIVE \(emulated, not modelled\)/);
});
