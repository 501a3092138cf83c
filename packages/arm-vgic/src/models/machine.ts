// A small Arm machine for the checker: one VM whose SPIs are wired to a platform device by VFIO and an irqfd, or raised by whoever likes.

import type { Machine, MachineOptions, Vm } from '@virq/irq-core/machine';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import type { ArmChip } from '../chip.ts';
import armVgic from '../index.ts';
import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { VGIC_VERSIONS } from '../kernel.ts';
import type { CpuInterface } from '../lr/layout.ts';
import { type Tally, tallyPart } from './tally.ts';

/** Sizes of the machine. */
export interface SmallMachine {
  readonly vcpus?: number;
  /** Process slots. */
  readonly processes: number;
  /** Index into {@link VGIC_VERSIONS}. */
  readonly kernel: number;
  /** VMs; default 1. */
  readonly vms?: number;
  /** Kernel paths and agents that have to be known beside those of the backend. */
  readonly paths?: readonly unknown[];
  /** Further options of the VMs. */
  readonly vm?: Readonly<Record<string, unknown>>;
}

/** A machine as the models see it. */
export interface ArmMachine extends Machine {
  readonly vms: readonly (Vm & { readonly chip: ArmChip })[];
  readonly parts: { readonly tally: Tally };
}

/** The first SPI of the models; the next ones follow. */
export const SPI = 40;
/** GSI of the first SPI. */
export const GSI = SPI - INTID.SPI;
/** Linux irq of the device's wire. */
export const LINE = 1;
/** Priority of the models' SPIs. */
export const PRIORITY = 0xa0;

/** Scope parameter of families whose kernels differ. */
export const kernelScope = (version: (typeof VGIC_VERSIONS)[number]) => ({
  says: `whose VGIC: ${VGIC_VERSIONS.map((v, i) => `${i} ${v}`).join(', ')}`,
  default: VGIC_VERSIONS.indexOf(version),
  min: 0,
  max: VGIC_VERSIONS.length - 1,
});

/** Options with room for what the models do and no more. */
export const smallMachine = ({
  vcpus = 1,
  processes,
  kernel,
  vms = 1,
  paths = [],
  vm = {},
}: SmallMachine): MachineOptions => ({
  vms: Array.from({ length: vms }, (_, i) => ({
    name: i === 0 ? 'guest' : 'other',
    backend: armVgic as never,
    options: { cpus: vcpus, nr_irqs: 64, nr_lr: 1, memory: 1, frames: 1, vgic: VGIC_VERSIONS[kernel], ...vm },
    limits: { vcpus, gsis: 32, routes: 32, irqfds: 1 },
  })),
  devices: [{ name: 'device', kind: 'platform', hostIrq: LINE }],
  parts: [tallyPart as never],
  host: { mapped_irqs: 1 },
  agents: paths as readonly AnyProtocol<Machine>[],
  limits: { eventfds: 2, processes, irqs: LINE + 1, bypass: 1 },
});

/** Starts a process of a model. */
export function spawn(m: Machine, protocol: unknown, args: Readonly<Record<string, number>> = {}): void {
  (m.processes.spawn as (protocol: unknown, args: object) => number)(protocol, args);
}

/** A VM's chip. */
export const chipOf = (m: Machine, vm = 0): ArmChip => m.vms[vm]?.chip as ArmChip;
/** Handle of SPI {@link SPI} + n. */
export const spiHandle = (m: Machine, n = 0): number => chipOf(m).irqs.firstSpi + GSI + n;
/** SPI {@link SPI} + n. */
export const spiOf = (m: Machine, n = 0, vm = 0): Irq => chipOf(m, vm).irqs.at(spiHandle(m, n));
/** CPU interface of a vCPU. */
export const cpuOf = (m: Machine, vcpu: number, vm = 0): CpuInterface => chipOf(m, vm).state.interfaces.at(vcpu);
/** The model's counters. */
export const tallyOf = (m: Machine): Tally => m.parts['tally'] as Tally;

/** What a guest's driver makes of an SPI: enabled, and level or edge. Its distributor and CPU interfaces are on. */
export function startGuest(m: Machine, spis: number, config: number = CONFIG.EDGE, vm = 0): void {
  const { state, options } = chipOf(m, vm);
  state.dist.enabled = 1;
  for (let n = 0; n < spis; n++)
    Object.assign(spiOf(m, n, vm), { enabled: 1, config, priority: PRIORITY, target: 1, group: 1 });
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++)
    Object.assign(cpuOf(m, vcpu, vm).vmcr, { enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
}
