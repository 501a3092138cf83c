// Words for the inputs of the VGIC: KVM_IRQ_LINE.

import type { Operation } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { int, n } from './args.ts';

/** Operations on inputs. */
export const IRQ_OPERATIONS: Readonly<Record<string, Operation<ArmChip>>> = {
  irq_line: {
    summary: 'KVM_IRQ_LINE: drives an SPI or a PPI',
    args: {
      irq: int('INTID', { min: 0, max: 0xffff }),
      level: int('level', { min: 0, max: 1, default: 1 }),
      type: { type: 'enum', values: ['spi', 'ppi', 'cpu'], default: 'spi', doc: 'KVM_ARM_IRQ_TYPE_*' },
      vcpu: int('vCPU of a PPI', { min: 0, max: 4095, default: 0 }),
    },
    run: (c, args) => ({
      ret: c.inputs.inject(args['type'] === 'ppi' ? n(args, 'vcpu') : -1, n(args, 'irq'), n(args, 'level')),
    }),
  },
};
