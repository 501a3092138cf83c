// Both sides of a comparison without a real oracle: the model, and the model with a fault planted into it.

import { armVgic } from '@virq/arm-vgic';
import type { AnyBackend } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { ppcXive } from '@virq/ppc-xive';
import { x86Avic } from '@virq/x86-avic';
import { createModelOracle } from '../model.ts';
import type { Instance, Op, Oracle, OracleResult } from '../oracle.ts';

const x86 = x86Avic as unknown as AnyBackend;
const q35 = x86.implementations?.['qemu'] as AnyBackend;
const powernv = (ppcXive as unknown as AnyBackend).implementations?.['qemu'] as AnyBackend;
const virt = (armVgic as unknown as AnyBackend).implementations?.['qemu'] as AnyBackend;

/** The model of a kernel. */
export const model = (kernel: KernelVersion = '6.18'): Oracle => createModelOracle(x86, kernel);
/** The model of q35. */
export const modelOfQ35 = (): Oracle => createModelOracle(q35, '6.18');
/** The model of powernv9 and powernv10. */
export const modelOfPowernv = (): Oracle => createModelOracle(powernv, '6.18');
/** The model of virt with its three controllers. */
export const modelOfVirt = (): Oracle => createModelOracle(virt, '6.18');

/** What a fault does: sees an operation, and asks the model for what it likes instead. */
export type Fault = (op: Op, ask: (op: Op) => OracleResult) => OracleResult;

/** An oracle that is the model but for a fault, which may remember things within one machine. */
export function faulty(inner: Oracle, plant: () => Fault): Oracle {
  return {
    ...inner,
    name: 'faulty',
    provenance: async () => ({ implementation: 'faulty', version: '1.0', details: {} }),
    async start(): Promise<Instance> {
      const machine = await inner.start();
      const fault = plant();
      let last: OracleResult | null = null;
      return {
        ...machine,
        apply(op) {
          last = fault(op, machine.apply as (op: Op) => OracleResult);
          return last;
        },
        settle: () => last?.state ?? {},
      };
    },
  };
}
