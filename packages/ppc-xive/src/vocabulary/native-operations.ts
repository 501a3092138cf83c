// Words for KVM's device: interrupts from user space, creating it, connecting vCPUs.

import { ENXIO } from '@virq/irq-core/errors';
import type { Operation } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { DeviceType } from '../kvm/devices.ts';
import { DEVICE } from '../kvm/layout.ts';
import { bit, int, n } from './args.ts';

/** Operations of the device. */
export const NATIVE_OPERATIONS: Readonly<Record<string, Operation<PowerChip>>> = {
  irq_line: {
    summary: 'KVM_IRQ_LINE: sets the level of a source; what comes of it is not reported',
    args: { n: int('guest source number'), level: bit('1 asserted, 0 not') },
    run(c, args) {
      if (c.context.state.device === DEVICE.NONE) return { ret: -ENXIO };
      c.context.kvm.setIrq(0, n(args, 'n'), n(args, 'level'), true);
      return { ret: 0 };
    },
  },
  create_device: {
    summary: 'KVM_CREATE_DEVICE: EEXIST while the VM has one of either type',
    args: { type: { type: 'enum', values: ['xive', 'xics'], default: 'xive', doc: 'KVM_DEV_TYPE_XIVE or _XICS' } },
    run: (c, args) => ({ ret: c.devices.create(args['type'] as DeviceType) }),
  },
  connect: {
    summary: 'KVM_CAP_PPC_IRQ_XIVE or KVM_CAP_IRQ_XICS: connects a vCPU to the device',
    args: {
      type: { type: 'enum', values: ['xive', 'xics'], default: 'xive', doc: 'type of the device' },
      cpu: int('vCPU index', { max: 1023, default: 0 }),
      server: int('server number', { default: 0 }),
    },
    run: (c, args) => ({ ret: c.devices.connect(args['type'] as DeviceType, n(args, 'cpu'), n(args, 'server')) }),
  },
};
