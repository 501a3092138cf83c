// What the model of the VGIC prints is what the reader of captures reads.

import armVgic from '@virq/arm-vgic';
import { createMachine, createSession, findOperation } from '@virq/irq-core/machine';
import { decodeEvent } from '@virq/trace';
import { expect, it } from 'vitest';

it('tracepoints of the VGIC and of KVM on Arm, as the model emits them, are decoded', () => {
  const vms = [{ backend: armVgic as never, options: { cpus: 2 }, limits: { vcpus: 2 } }];
  const machine = createMachine({ kernel: '6.12', vms, devices: [] });
  const session = createSession(machine);
  machine.trace.on = true;
  const op = (name: string, args: object): void => {
    findOperation(session, name)?.run(args as never);
    machine.settle();
  };
  op('irq_line', { irq: 41, type: 'spi', vcpu: 0, level: 1 });
  op('irq_line', { irq: 27, type: 'ppi', vcpu: 1, level: 0 });
  const decoded = session.takeTrace().map((line) => {
    const [name = '', ...text] = line.split(': ');
    const e = decodeEvent(name, text.join(': '));
    return [name, e?.vcpu, e?.irq, e?.level];
  });
  expect(decoded).toEqual([
    ['kvm_irq_line', 0, 41, 1],
    ['vgic_update_irq_pending', 0, 41, 1],
    ['kvm_irq_line', 1, 27, 0],
    ['vgic_update_irq_pending', 1, 27, 0],
  ]);
});
