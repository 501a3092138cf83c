// Words for the inputs of the VGIC: KVM_IRQ_LINE.

import type { Args, Operation } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { LINE_TYPE, packIrqLine } from '../kvm/irq-line.ts';
import { int, n } from './args.ts';
import { isSpiBusy, isVgicBusy } from './waiting.ts';

const TYPES: Readonly<Record<string, number>> = { spi: LINE_TYPE.SPI, ppi: LINE_TYPE.PPI, cpu: LINE_TYPE.CPU };

const typeOf = (args: Args): number => TYPES[args['type'] as string] ?? n(args, 'type');

/** Operations on inputs. */
export const IRQ_OPERATIONS: Readonly<Record<string, Operation<ArmChip>>> = {
  irq_line: {
    summary: 'KVM_IRQ_LINE: drives an SPI, a PPI of a vCPU, or IRQ (0) and FIQ (1) of a vCPU without VGIC',
    args: {
      irq: int('INTID', { min: 0, max: 0xffff }),
      level: int('level', { min: 0, max: 1, default: 1 }),
      type: {
        type: 'either',
        of: [{ type: 'enum', values: Object.keys(TYPES), doc: '' }, int('', { max: 15 })],
        default: 'spi',
        doc: 'KVM_ARM_IRQ_TYPE_*, by name or number',
      },
      vcpu: int('vCPU of a PPI: its id, in 6.1 its index', { min: 0, max: 4095, default: 0 }),
    },
    isBusy: (c, args) => (typeOf(args) === LINE_TYPE.SPI ? isSpiBusy(c, n(args, 'irq')) : isVgicBusy(c)),
    run: (c, args) => ({
      ret: c.kvm.irqLine(packIrqLine(typeOf(args), n(args, 'vcpu'), n(args, 'irq')), n(args, 'level')),
    }),
  },
  irq_line_raw: {
    summary:
      'KVM_IRQ_LINE with the fields as the kernel takes them apart: vcpu2 31:28, type 27:24, vCPU 23:16, number 15:0',
    args: { irq: int('kvm_irq_level.irq'), level: int('any but 0 is high', { default: 1 }) },
    run: (c, args) => ({ ret: c.kvm.irqLine(n(args, 'irq'), n(args, 'level')) }),
  },
};
