// The upstream fix narrows the window and does not close it: with the irqfd's worker in between a bogus interrupt is still possible.

import { check } from '@virq/checker';
import { resample } from '@virq/irq-core/models';
import { expect, it } from 'vitest';

it('a worker that raises the pin after the unmask delivers for nothing', () => {
  const model = resample.oneshotResample.build({ worker: 1 });
  const [violation] = check((o) => model.create(o)).violations;
  expect(violation?.property).toBe('nothing is delivered that no device has raised');
});
