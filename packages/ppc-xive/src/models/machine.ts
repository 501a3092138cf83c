// A small POWER machine for the checker: one VM with a XIVE native device, and a PCI device whose vectors can be passed through.

import type { Machine, MachineOptions, Vm } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { PowerHost } from '../host/power-host.ts';
import ppcXive from '../index.ts';
import type { IrqState } from '../kvm/layout.ts';
import { FILE_PAGE, filePageOf, WINDOW } from '../kvm/mappings.ts';
import { EQ_SHIFT, eqId, setQueueConfig } from '../kvm/native-queue.ts';
import { setSource } from '../kvm/native-source.ts';

/** Sizes of the machine. */
export interface SmallMachine {
  /** Default 1. */
  readonly vcpus?: number;
  /** Message vectors of the device; default 1. */
  readonly vectors?: number;
  /** Process slots. */
  readonly processes: number;
  /** VMs; default 1. */
  readonly vms?: number;
  /** Further options of the VM and of the host. */
  readonly vm?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
}

/** A machine as the models see it. */
export interface PowerMachine extends Machine {
  readonly vms: readonly (Vm & { readonly chip: PowerChip })[];
  readonly parts: { readonly power: PowerHost };
}

/** Guest sources of the models: numbers that are no index of anything else. */
export const GSI = 5;

/** VFIO_PCI_MSIX_IRQ_INDEX. */
const IRQ_INDEX_MSIX = 2;

/** Options with room for what the models do and no more. The bypass is off at its parameter: vectors and irqfds meet in the models' agents, step by step. */
export const smallMachine = ({
  vcpus = 1,
  vectors = 1,
  vms = 1,
  processes,
  vm = {},
  host = {},
}: SmallMachine): MachineOptions => ({
  vms: Array.from({ length: vms }, (_, i) => ({
    name: i === 0 ? 'guest' : 'other',
    backend: ppcXive as never,
    options: { cpus: vcpus, sources: 4, passthru: vectors, max_vcpus: 2 * vcpus, bypass: false, ...vm },
    limits: { vcpus, gsis: GSI + vectors, routes: 1, irqfds: vectors },
  })),
  devices: [{ name: 'device', kind: 'pci', msix: vectors }],
  host: { threads: vcpus * vms, ipis: 4 * vms, frames: 1, ...host },
  limits: { eventfds: vectors, processes, irqs: 1, bypass: vectors },
});

/** A VM's chip. */
export const chipOf = (m: Machine, vm = 0): PowerChip => m.vms[vm]?.chip as PowerChip;

/** The VMM's page of a source's trigger page; the management page is the next one. */
export const ESB_PAGE_OF = (gsi: number): number => WINDOW.ESB + filePageOf(gsi) - FILE_PAGE.ESB;

/** KVM's state of the guest's source. */
export const guestSource = (m: Machine, gsi = GSI, vm = 0): IrqState => chipOf(m, vm).sources.find(gsi) as IrqState;

/** VFIO opens the device and requests its vectors, each with an eventfd of its own. */
export function openDevice(m: Machine, vectors = 1): void {
  m.vfio.open(0);
  const fds = Array.from({ length: vectors }, () => m.eventfds.create());
  m.vfio.msi.setBlock(0, IRQ_INDEX_MSIX, 0, fds);
}

/** The VMM makes a source. */
export function makeSource(m: Machine, gsi = GSI, vm = 0): void {
  const { context, sources } = chipOf(m, vm);
  setSource(context, sources, gsi, { value: 0n });
}

/** The VMM sets a vCPU's queue of a priority up, at the vCPU's own page of guest memory. */
export function makeQueue(m: Machine, vcpu: number, priority: number): void {
  const qaddr = BigInt(vcpu) << BigInt(EQ_SHIFT);
  const queue = { flags: 1n, qshift: BigInt(EQ_SHIFT), qaddr, qtoggle: 1n, qindex: 0n };
  setQueueConfig(chipOf(m).context, eqId(vcpu, priority), queue);
}
