// A small x86 machine for the checker: one VM with AVIC and an AMD IOMMU, or APICv and VT-d, and a device whose vectors are bound to irqfds.

import { ROUTE } from '@virq/irq-core/kvm';
import type { Machine, MachineOptions } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import x86Avic from '../index.ts';
import type { X86Host } from '../x86-host.ts';

/** Sizes of the machine. */
export interface SmallMachine {
  readonly vcpus: number;
  readonly cpus: number;
  /** Message vectors of the device; vector i is GSI i. */
  readonly vectors: number;
  /** Process slots. */
  readonly processes: number;
  /** Vendor's acceleration and its IOMMU; AVIC and AMD's if left out. */
  readonly intel?: boolean;
  /** Options of the host beside. */
  readonly host?: Readonly<Record<string, unknown>>;
  /** Further options of the VM. */
  readonly vm?: Readonly<Record<string, unknown>>;
}

/** A machine as the models see it. */
export interface X86Machine extends Machine {
  readonly parts: { readonly x86: X86Host };
}

/** Options with room for what the models do and no more. */
export const smallMachine = ({
  vcpus,
  cpus,
  vectors,
  processes,
  intel = false,
  host = {},
  vm = {},
}: SmallMachine): MachineOptions => ({
  vms: [
    {
      name: 'guest',
      backend: x86Avic,
      options: { irqchip: 'split', split_pins: 0, apicv: intel ? 'vmx' : 'avic', vcpus, ...vm },
      limits: { vcpus, gsis: vectors, routes: vectors, irqfds: vectors },
    },
  ],
  devices: [{ name: 'device', kind: 'pci', msix: vectors }],
  host: { cpus, iommu: intel ? 'intel' : 'amd', ga_log_entries: 4, ...host },
  limits: { eventfds: vectors, processes, irqs: 1, bypass: vectors },
});

/** The VM's chip. */
export const chipOf = (m: Machine): X86Chip => m.vms[0]?.chip as X86Chip;

/** The host below it. */
export const x86Of = (m: Machine): X86Host => (m as X86Machine).parts.x86;

/** Opens the device and binds its vectors to irqfds of as yet unrouted GSIs. Handles of the irqfds are 1, 2, … */
export function bindVectors(m: Machine, vectors: number): void {
  m.vfio.open(0);
  const fds = Array.from({ length: vectors }, () => m.eventfds.create());
  m.vfio.msi.setBlock(0, 2, 0, fds);
  for (const [gsi, fd] of fds.entries()) m.kvms[0]?.irqfd({ fd, gsi, flags: 0, resamplefd: 0 });
}

/** The guest routes the first vector to vCPU 0: a fixed, physical message. */
export function routeVector(m: Machine, vector: number): void {
  const message = { addressLo: 0xfee00000, addressHi: 0, data: vector, devid: 0 };
  m.kvms[0]?.setGsiRouting([{ gsi: 0, type: ROUTE.MSI, flags: 0, irqchip: 0, pin: 0, ...message }], 0);
}
