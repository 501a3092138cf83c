// The rooms together: an input that user space drives reaches the guest's CPU interface, and its end the irqfd.

import { expect, it } from 'vitest';
import { openArm } from './__fixtures__/arm-vm.ts';

it('a level SPI goes from its irqfd into a list register, and its EOI to the resamplefd', () => {
  const t = openArm({ vm: { cpus: 2 } });
  const { dist } = t.chip.state;
  dist.enabled = 1;
  const spi = t.irq(40);
  Object.assign(spi, { config: 1, enabled: 1, priority: 0xa0 });
  expect(t.ret('irqfd', { name: 'a', gsi: 8, resample: 'r' })).toBe(0);
  t.op('cpu_setup');
  t.op('efd_write', { name: 'a' });
  expect([spi.lineLevel, t.listed()]).toEqual([1, [40]]);
  expect(t.op('iar').out?.['x0']).toBe(40);
  expect(spi.active).toBe(1);
  t.op('eoir', { intid: 40 });
  expect([spi.lineLevel, spi.active, t.listed()]).toEqual([0, 0, []]);
  expect(t.session.observe()['efd']).toEqual({ a: 0, r: 1 });
  expect(t.op('iar').out?.['x0']).toBe(1023);
});
