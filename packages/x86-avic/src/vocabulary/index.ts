// x86's words in scenarios and in `virq exec`.

import { EINVAL } from '@virq/irq-core/errors';
import type { ArgFault, ArgSpec, Args, Vocabulary } from '@virq/irq-core/machine';
import type { X86Chip, X86Options } from '../chip.ts';
import { int, list } from './args.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { HOST_OPERATIONS } from './host-operations.ts';
import { OBSERVE } from './observe.ts';
import { RUN_OPERATIONS } from './run-operations.ts';

const VM: Readonly<Record<string, ArgSpec>> = {
  irqchip: {
    type: 'enum',
    values: ['kernel', 'split', 'none'],
    default: 'kernel',
    doc: 'KVM_CREATE_IRQCHIP, KVM_CAP_SPLIT_IRQCHIP or neither',
  },
  vcpus: int('number of vCPUs', { min: 0, max: 1024, default: 1 }),
  lapic_enable: { type: 'bool', default: true, doc: 'LAPICs start software-enabled (SPIV bit 8)' },
  split_pins: int('IOAPIC pins reserved with the split irqchip', { max: 4096, default: 24 }),
  x2apic_api: int('KVM_CAP_X2APIC_API: bit 0 32-bit ids, bit 1 no broadcast quirk', { max: 3, default: 0 }),
  boot_cpu: int('KVM_SET_BOOT_CPU_ID', { max: 4095, default: 0 }),
  vector_hashing: { type: 'bool', default: true, doc: 'kvm.vector_hashing: lowest priority by vector modulo' },
  apicv: {
    type: 'enum',
    values: ['none', 'avic', 'x2avic', 'vmx'],
    default: 'none',
    doc: 'hardware acceleration of the local APICs',
  },
  ipiv: {
    type: 'bool',
    default: true,
    doc: 'AVIC sends IPIs itself; false on Zen 1 and 2 (erratum 1235)',
  },
  update_pi_irte: {
    type: 'enum',
    values: ['irqfd', 'wrapper', 'review'],
    optional: true,
    doc: "how a posted interrupt's IRTE is updated: 6.17, 4.9, or as reviewed in 2016; default by kernel",
  },
  apic_ids: list('vCPU ids by index; default 0, 1, …', 4095),
};

/** Options of a VM from checked `vm` arguments. */
export function x86Options(args: Args): X86Options {
  return {
    irqchip: (args['irqchip'] as X86Options['irqchip'] | undefined) ?? 'kernel',
    vcpus: (args['vcpus'] as number | undefined) ?? 1,
    lapicEnable: (args['lapic_enable'] as boolean | undefined) ?? true,
    splitPins: (args['split_pins'] as number | undefined) ?? 24,
    x2apicApi: (args['x2apic_api'] as number | undefined) ?? 0,
    bootCpu: (args['boot_cpu'] as number | undefined) ?? 0,
    vectorHashing: (args['vector_hashing'] as boolean | undefined) ?? true,
    apicIds: (args['apic_ids'] as number[] | undefined) ?? [],
    apicv: (args['apicv'] as X86Options['apicv'] | undefined) ?? 'none',
    ipiv: (args['ipiv'] as boolean | undefined) ?? true,
    updatePiIrte: args['update_pi_irte'] as X86Options['updatePiIrte'],
  };
}

type Operations = Vocabulary<X86Chip>['operations'];

/** KVM_CREATE_VCPU refuses an id that is taken (EEXIST); ids that are not given count as their index. */
function checkVm(args: Args): ArgFault[] {
  const { vcpus, apicIds } = x86Options(args);
  const ids = Array.from({ length: vcpus }, (_, vcpu) => apicIds[vcpu] ?? vcpu);
  const clash = ids.findIndex((id, vcpu) => ids.indexOf(id) < vcpu);
  if (clash < 0) return [];
  const first = ids.indexOf(ids[clash] as number);
  const message = `vCPU ${clash} gets id ${ids[clash]}, which vCPU ${first} has: KVM_CREATE_VCPU fails with EEXIST`;
  return [{ path: 'apic_ids', message }];
}

/** Operations on a vCPU that the VM does not have, or by a guest without vCPUs, fail with -EINVAL. */
const guarded = (operations: Operations): Operations =>
  Object.fromEntries(
    Object.entries(operations).map(([name, op]) => [
      name,
      {
        ...op,
        run: (c: X86Chip, args: Args) => {
          const needsVcpu = 'vcpu' in op.args || Object.hasOwn(GUEST_OPERATIONS, name);
          const missing = needsVcpu && ((args['vcpu'] as number | undefined) ?? 0) >= c.lapics.count;
          return missing ? { ret: -EINVAL } : op.run(c, args);
        },
      },
    ]),
  );

/** The vocabulary. */
export const vocabulary: Vocabulary<X86Chip> = {
  vm: VM,
  checkVm,
  operations: guarded({ ...GUEST_OPERATIONS, ...HOST_OPERATIONS, ...RUN_OPERATIONS }),
  observe: OBSERVE,
  observeDefault: ['lapic', 'ioapic', 'pic', 'efd'],
};
