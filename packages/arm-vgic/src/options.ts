// Options of an Arm VM: what the `vm` operation takes, and the sizes that follow from them.

import type { VmLimits } from '@virq/irq-core/kvm';
import type { ArgSpec, Args } from '@virq/irq-core/machine';
import { VGIC_VERSIONS, type VgicVersion } from './kernel.ts';
import type { ArmSizes } from './layout.ts';
import { int } from './vocabulary/args.ts';

/** Options of a VM. */
export interface ArmOptions {
  /** Model of the guest's GIC; 0 for a VM without one until somebody creates the device. */
  readonly gic: 0 | 2 | 3;
  /** Version of the host's GIC. */
  readonly host: 2 | 3;
  readonly vcpus: number;
  /** How many of them the VMM has created; KVM_CREATE_VCPU adds the others. */
  readonly online: number;
  /** The host's GICv3 can run GICv2 guests. */
  readonly v2Compat: boolean;
  /** Bits of a guest physical address. */
  readonly ipaBits: number;
  /** vCPU ids by index. */
  readonly ids: readonly number[];
  /** ITSs that the VMM creates. */
  readonly its: number;
  /** Firmware has set up LPIs and ITSs: tables, queues, everything enabled. */
  readonly itsSetup: boolean;
  /** KVM_DEV_ARM_VGIC_GRP_NR_IRQS: interrupts without LPIs, a multiple of 32. */
  readonly nrIrqs: number;
  /** List registers of a CPU. */
  readonly nrLr: number;
  /** The hardware can trap DIR by itself (ICH_VTR_EL2.TDS). */
  readonly tdir: boolean;
  /** KVM traps the guest's accesses to its CPU interface (kvm-arm.vgic_v3_group1_trap and the like). */
  readonly traps: boolean;
  /** The host's CPU interface can generate SErrors (ICH_VTR_EL2.SEIS). */
  readonly seis: boolean;
  /** The VMM initialises the VGIC: NR_IRQS, KVM_DEV_ARM_VGIC_CTRL_INIT, addresses. Else it has created the devices and no more. */
  readonly init: boolean;
  /** Bytes of guest memory, from {@link RAM_BASE} on. */
  readonly memory: number;
  /** `single`: input line and pending latch are one bit, as in the VGIC before faa1b46c3e9f (2014). */
  readonly pendingState: 'split' | 'single';
  /** irqfd->producer is set, so that a vLPI whose route changes is unmapped. Linux: no kernel sets it on arm64. */
  readonly irqfdProducer: boolean;
  /** Whose VGIC; that of the machine's kernel if not said. */
  readonly vgic?: VgicVersion | undefined;
}

/** Where QEMU's virt machine has its memory. */
export const RAM_BASE = 0x40000000;

/** Where QEMU's virt machine has the controllers. */
export const BASE = {
  GICD: 0x08000000,
  GICC: 0x08010000,
  GITS: 0x08080000,
  GICR: 0x080a0000,
  GICR_HIGH: 0x4000000000,
} as const;
/** Address of an ITS: the first where virt has its own, others behind the redistributors. */
export const itsBase = (i: number): number => (i === 0 ? BASE.GITS : 0x09100000 + i * 0x20000);
/** Redistributors that fit below RAM there. */
export const LOW_REDISTRIBUTORS = 123;

/** Arguments of `vm`. */
export const VM_ARGS: Readonly<Record<string, ArgSpec>> = {
  gic: int("model of the guest's GIC: 2 or 3; 0 for none yet", { min: 0, max: 3, default: 3 }),
  host_gic: int("version of the host's GIC; default 3, or 2 for a host that has GICv2 only", {
    min: 2,
    max: 3,
    default: 3,
  }),
  cpus: int('number of vCPUs', { min: 1, max: 512, default: 1 }),
  online: int('vCPUs that the VMM has created, the first ones; default all', { min: 0, max: 512, optional: true }),
  v2_compat: { type: 'bool', default: true, doc: "the host's GICv3 can run GICv2 guests" },
  ipa_bits: int('bits of a guest physical address', { min: 32, max: 52, default: 40 }),
  ids: {
    type: 'list',
    of: int('vCPU id', { min: 0, max: 511 }),
    optional: true,
    doc: 'vCPU ids by index; default 0, 1, …',
  },
  its: {
    type: 'either',
    of: [{ type: 'bool', doc: 'one' }, int('how many', { min: 0, max: 4 })],
    default: false,
    doc: 'ITSs',
  },
  its_setup: { type: 'bool', default: true, doc: 'firmware has set up LPIs and ITSs: tables, queues, all enabled' },
  nr_irqs: int('SGIs, PPIs and SPIs: a multiple of 32, 64 to 992', { min: 64, max: 992, default: 128 }),
  nr_lr: int('list registers of a CPU', { min: 1, max: 16, default: 4 }),
  tdir: { type: 'bool', default: true, doc: 'the hardware traps DIR by itself (ICH_VTR_EL2.TDS)' },
  cpuif_traps: { type: 'bool', default: false, doc: "KVM traps the guest's accesses to its CPU interface" },
  seis: { type: 'bool', default: false, doc: "the host's CPU interface has local generation of SErrors" },
  init: {
    type: 'bool',
    default: true,
    doc: 'the VMM sets NR_IRQS and addresses and initialises the VGIC; else it has created the devices and no more',
  },
  memory: int('MiB of guest memory', { min: 1, max: 4096, default: 128 }),
  frames: int('4 KiB frames of guest memory that can be written, a power of two', {
    min: 1,
    max: 65536,
    optional: true,
  }),
  lpis: int('LPIs that there can be at once', { min: 1, max: 1023, optional: true }),
  pending_state: {
    type: 'enum',
    values: ['split', 'single'],
    default: 'split',
    doc: 'single: input line and pending latch are one bit, as before Linux commit faa1b46c3e9f (2014)',
  },
  irqfd_producer: {
    type: 'bool',
    default: false,
    doc: 'KVM sets irqfd->producer, so that a vLPI whose route changes goes back to software (no arm64 kernel does)',
  },
  vgic: {
    type: 'enum',
    values: VGIC_VERSIONS,
    optional: true,
    doc: "kernel whose VGIC this is; default the machine's",
  },
};

function itsCount(args: Args): number {
  const its = args['its'];
  return typeof its === 'number' ? its : its === true ? 1 : 0;
}

/** Options of a VM from checked `vm` arguments. */
export function armOptions(args: Args): ArmOptions {
  const number = (key: string, otherwise: number): number => (args[key] as number | undefined) ?? otherwise;
  const vcpus = number('cpus', 1);
  const given = (args['ids'] as readonly number[] | undefined) ?? [];
  return {
    gic: number('gic', 3) as ArmOptions['gic'],
    host: number('host_gic', 3) as ArmOptions['host'],
    vcpus,
    online: Math.min(vcpus, number('online', vcpus)),
    v2Compat: (args['v2_compat'] as boolean | undefined) ?? true,
    ipaBits: number('ipa_bits', 40),
    ids: Array.from({ length: vcpus }, (_, vcpu) => given[vcpu] ?? vcpu),
    its: itsCount(args),
    itsSetup: (args['its_setup'] as boolean | undefined) ?? true,
    nrIrqs: number('nr_irqs', 128),
    nrLr: number('nr_lr', 4),
    tdir: (args['tdir'] as boolean | undefined) ?? true,
    traps: (args['cpuif_traps'] as boolean | undefined) ?? false,
    seis: (args['seis'] as boolean | undefined) ?? false,
    init: (args['init'] as boolean | undefined) ?? true,
    memory: number('memory', 128) * 2 ** 20,
    pendingState: (args['pending_state'] as ArmOptions['pendingState'] | undefined) ?? 'split',
    irqfdProducer: (args['irqfd_producer'] as boolean | undefined) ?? false,
    vgic: args['vgic'] as VgicVersion | undefined,
  };
}

/** The next power of two. */
const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** SPIs that a VMM can ask for. */
const MAX_SPIS = 960;

/** SPIs and PPIs that a guest's drivers can request. */
const LINUX_IRQS = 64;

/** Room for what the options need. An ITS has room for devices and collections as a guest of that size has them. */
export function armSizes(limits: VmLimits, args: Args): ArmSizes {
  const o = armOptions(args);
  const vcpus = Math.max(o.vcpus, limits.vcpus);
  const lpis = (args['lpis'] as number | undefined) ?? (o.its === 0 ? 1 : 256);
  return {
    vcpus,
    spis: o.gic !== 0 && o.init ? o.nrIrqs - 32 : MAX_SPIS,
    lpis,
    itss: o.its,
    its: { devices: 32, ites: lpis, collections: Math.min(1023, 2 * vcpus + 16), cache: powerOfTwo(2 * lpis) },
    memory: { frames: powerOfTwo((args['frames'] as number | undefined) ?? (o.its === 0 ? 4 : 256)), memslots: 4 },
    linux: { vcpus, irqs: LINUX_IRQS + lpis, devices: o.its === 0 ? 1 : 32, itss: o.its },
  };
}
