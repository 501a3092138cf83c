// Options of a POWER VM: what the `vm` operation takes, and the sizes that follow from them.

import type { VmLimits } from '@virq/irq-core/kvm';
import type { ArgSpec, Args } from '@virq/irq-core/machine';
import type { PowerProfile } from './kernel.ts';
import type { PowerSizes } from './layout.ts';
import { int } from './vocabulary/args.ts';

/** Options of a VM. */
export interface PowerOptions {
  /** Device created with the VM; `dual`: none yet, the guest negotiates which one (CAS). */
  readonly dev: 'xive' | 'xics' | 'none' | 'dual';
  readonly vcpus: number;
  /** Server numbers by vCPU index. */
  readonly servers: readonly number[];
  /** vCPUs are connected to the device at once. */
  readonly connect: boolean;
  /** Threads of a guest core (emul_smt_mode): the stride of server numbers. */
  readonly smt: number;
  /** KVM_MAX_VCPUS of the host: VPs of a VM that does not set NR_SERVERS. */
  readonly maxVcpus: number;
  /** Page size of the host below the guest's memory, log2. */
  readonly hostPageShift: number;
  /** Guest memory, bytes, from address 0. */
  readonly memory: number;
  /** QEMU's pseries machine as the VMM: which controllers it offers; `none`: the operations are the VMM. */
  readonly icMode: 'none' | 'xive' | 'xics' | 'dual';
  /** kernel_irqchip of that machine. */
  readonly kernelIrqchip: 'allowed' | 'on' | 'off';
  /** Server numbers that it makes room for (spapr_max_server_number). */
  readonly maxCpus: number;
  /** Whose address_space the device's file has: one per file, or that of all anonymous inodes. */
  readonly addressSpace: 'file' | 'shared';
  /** Order and locks of page faults, set_mapped and clr_mapped: the kernel's, or those of a corrected one. */
  readonly esbMapping: 'upstream' | 'corrected';
  /** What goes into the EAS of a passed-through interrupt; by kernel if not said. */
  readonly passthroughData?: PowerProfile['passthroughData'] | undefined;
  /** Module parameter kvm_irq_bypass. */
  readonly bypass: boolean;
  /** The VMM maps TIMA and ESB pages when the device is made. */
  readonly mmap: boolean;
}

const choice = (doc: string, values: readonly string[]): ArgSpec => ({
  type: 'enum',
  values,
  default: values[0] as string,
  doc,
});

/** Arguments of `vm`. */
export const VM_ARGS: Readonly<Record<string, ArgSpec>> = {
  dev: choice('device: KVM_DEV_TYPE_XIVE, KVM_DEV_TYPE_XICS, none, or negotiated by the guest', [
    'xive',
    'xics',
    'none',
    'dual',
  ]),
  cpus: int('number of vCPUs', { min: 0, max: 1024, default: 1 }),
  servers: {
    type: 'list',
    of: int('server number'),
    optional: true,
    doc: 'server numbers by vCPU index; default 0, 1, …',
  },
  connect: { type: 'bool', default: true, doc: 'vCPUs are connected to the device (KVM_CAP_PPC_IRQ_XIVE or _XICS)' },
  sources: int('guest interrupt sources there is room for', { min: 1, max: 16384, default: 64 }),
  smt: int('threads of a guest core (KVM_CAP_PPC_SMT): 1, 2, 4 or 8', { min: 1, max: 8, default: 1 }),
  max_vcpus: int("the host's KVM_MAX_VCPUS, VPs of a VM that does not set NR_SERVERS; real hosts have 2048", {
    min: 1,
    max: 2048,
    optional: true,
  }),
  host_page: int("KiB per page of the host's memory: 64 or 4", { min: 4, max: 64, default: 64 }),
  memory: int("MiB of the guest's memory", { min: 1, max: 65536, default: 256 }),
  address_space: choice(
    "whose address_space mappings of the device's file are in: its own, or that of all anonymous inodes",
    ['file', 'shared'],
  ),
  esb_mapping: choice(
    'order and locks of page faults and of passing an interrupt through: the kernel has, or corrected',
    ['upstream', 'corrected'],
  ),
  passthrough_data: {
    type: 'enum',
    values: ['number', 'eisn'],
    optional: true,
    doc: 'what a native guest finds in its queue for a passed-through interrupt: the guest source number, as in all kernels so far, or the EISN it asked for; default by kernel',
  },
  bypass: { type: 'bool', default: true, doc: 'module parameter kvm_irq_bypass' },
  mmap: { type: 'bool', default: true, doc: 'the VMM maps TIMA and ESB pages when the XIVE device is made' },
  ic_mode: choice("QEMU's pseries machine is the VMM, and offers these controllers; `dev` is QEMU's business then", [
    'none',
    'xive',
    'xics',
    'dual',
  ]),
  kernel_irqchip: choice('kernel_irqchip of that machine', ['allowed', 'on', 'off']),
  max_cpus: int('CPUs that it can have; default as many as it has', { min: 1, max: 1024, optional: true }),
  passthru: int('entries of the passthrough map (KVMPPC_PIRQ_MAPPED)', { min: 1, max: 1024, default: 1024 }),
};

/** Options of a VM from checked `vm` arguments. */
export function powerOptions(args: Args): PowerOptions {
  const number = (key: string, otherwise: number): number => (args[key] as number | undefined) ?? otherwise;
  const vcpus = number('cpus', 1);
  const given = (args['servers'] as readonly number[] | undefined) ?? [];
  const servers = Array.from({ length: vcpus }, (_, vcpu) => given[vcpu] ?? vcpu);
  return {
    dev: (args['dev'] as PowerOptions['dev'] | undefined) ?? 'xive',
    vcpus,
    servers,
    connect: (args['connect'] as boolean | undefined) ?? true,
    smt: number('smt', 1),
    maxVcpus: number('max_vcpus', Math.max(DEFAULT_MAX_VCPUS, powerOfTwo(vcpus))),
    hostPageShift: number('host_page', 64) === 4 ? 12 : 16,
    memory: number('memory', 256) * 2 ** 20,
    esbMapping: (args['esb_mapping'] as PowerOptions['esbMapping'] | undefined) ?? 'upstream',
    passthroughData: args['passthrough_data'] as PowerOptions['passthroughData'],
    bypass: (args['bypass'] as boolean | undefined) ?? true,
    mmap: (args['mmap'] as boolean | undefined) ?? true,
    icMode: (args['ic_mode'] as PowerOptions['icMode'] | undefined) ?? 'none',
    kernelIrqchip: (args['kernel_irqchip'] as PowerOptions['kernelIrqchip'] | undefined) ?? 'allowed',
    maxCpus: number('max_cpus', Math.max(1, vcpus, ...servers.map((server) => server + 1))),
    addressSpace: (args['address_space'] as PowerOptions['addressSpace'] | undefined) ?? 'file',
  };
}

/** VPs of a VM when nothing is said (Abstraction: KVM_MAX_VCPUS is NR_CPUS, 2048 on usual kernels). */
export const DEFAULT_MAX_VCPUS = 16;

/** The next power of two. */
export const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Sizes of a VM's state. */
export function powerSizes({ vcpus }: VmLimits, args: Args): PowerSizes {
  const number = (key: string, otherwise: number): number => (args[key] as number | undefined) ?? otherwise;
  const sources = powerOfTwo(number('sources', 64));
  const { icMode, maxCpus } = powerOptions(args);
  const hasMachine = icMode !== 'none';
  return {
    spapr: { irqs: hasMachine ? sources : 0, servers: hasMachine ? maxCpus : 0, vcpus: hasMachine ? vcpus : 0 },
    guest: { vcpus, irqs: hasMachine ? sources : 0 },
    kvm: { vcpus, sources, vmas: 8, ptes: powerOfTwo(sources * 2 + 4), passthru: number('passthru', 1024) },
  };
}
