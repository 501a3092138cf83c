// A small Arm machine with a GICv4 for the checker: one VM with an ITS, and a PCI device whose first vectors its guest has mapped to LPIs.

import { bits, struct, u1, type View } from '@virq/irq-core/arena';
import { defineHostPart, type HostPart } from '@virq/irq-core/backend';
import { ROUTE } from '@virq/irq-core/kvm';
import type { Machine, MachineOptions, Vm } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import type { Vpe } from '../host/gic-layout.ts';
import type { Gicv4 } from '../host/gicv4.ts';
import armVgic from '../index.ts';
import type { Irq } from '../irq/layout.ts';
import { INTID } from '../irq/layout.ts';
import { encode } from '../its/encode.ts';
import { execute } from '../its/execute.ts';
import { createWork } from '../its/work.ts';
import { VGIC_VERSIONS } from '../kernel.ts';
import { BASE } from '../options.ts';

/** Sizes of the machine. */
export interface SmallGicv4 {
  readonly vcpus?: number;
  readonly lpis?: number;
  /** Process slots. */
  readonly processes: number;
  /** Index into {@link VGIC_VERSIONS}. */
  readonly kernel: number;
  /** 0: GICv4.0, 1: GICv4.1. */
  readonly v41?: number;
  readonly vm?: Readonly<Record<string, unknown>>;
}

/** What the device has sent and what guests have taken, each up to 3. No step of the kernel or of the hardware reads it. */
export const Messages = struct('messages', { sent: bits(2), taken: bits(2), unset: u1 });
export type Messages = View<typeof Messages>;

/** The counters as a part of the host. */
export const messagesPart: HostPart<(typeof Messages)['fields'], Messages> = defineHostPart({
  name: 'messages',
  summary: 'counters of a model',
  options: {},
  layout: () => Messages,
  attach: (_context, state) => state as unknown as Messages,
  protocols: [],
  properties: [],
  operations: {},
  events: {},
  inspect: () => [],
});

/** A machine as the models see it. */
export interface Gicv4Machine extends Machine {
  readonly vms: readonly (Vm & { readonly chip: ArmChip })[];
  readonly parts: { readonly messages: Messages };
}

/** DeviceID of the device behind the guest's ITS. */
export const DEVICE = 3;
/** Where its messages go. */
export const DOORBELL = BASE.GITS + 0x10040;
/** Linux irq of its first vector. */
export const HOST_IRQ = 64;
/** VFIO_PCI_MSIX_IRQ_INDEX. */
const MSIX = 2;
/** SPIs, which have a GSI each until there are other routes. */
const SPIS = 32;
/** Bits of an EventID. */
const BITS = 4;
const PRIORITY = 0xa0;

/** Scope parameter: which GICv4 the host has. */
export const GIC_SCOPE = { says: 'the host has GICv4.0 (0) or GICv4.1 (1)', default: 1, min: 0, max: 1 } as const;

/** Scope parameter of families whose kernels differ. */
export const kernelScope = (version: (typeof VGIC_VERSIONS)[number]) => ({
  says: `whose VGIC: ${VGIC_VERSIONS.map((v, i) => `${i} ${v}`).join(', ')}`,
  default: VGIC_VERSIONS.indexOf(version),
  min: 0,
  max: VGIC_VERSIONS.length - 1,
});

/** Options with room for what the models do and no more. */
export const smallGicv4 = ({
  vcpus = 1,
  lpis = 1,
  processes,
  kernel,
  v41 = 1,
  vm = {},
}: SmallGicv4): MachineOptions => ({
  vms: [
    {
      name: 'guest',
      backend: armVgic as never,
      options: {
        ...{ cpus: vcpus, its: true, its_setup: false, lpis, nr_irqs: 32 + SPIS, nr_lr: 1, memory: 1, frames: 1 },
        ...{ vgic: VGIC_VERSIONS[kernel], ...vm },
      },
      limits: { vcpus, gsis: SPIS, routes: SPIS, irqfds: lpis },
    },
  ],
  devices: [{ name: 'device', kind: 'pci', msix: lpis }],
  parts: [messagesPart as never],
  host: { gic: v41 === 1 ? 'v4.1' : 'v4', mapped_irqs: 1 },
  limits: { eventfds: lpis, processes, irqs: 1, bypass: lpis },
});

/** Starts a process of a model. */
export function spawn(m: Machine, protocol: unknown, args: Readonly<Record<string, number>> = {}): void {
  (m.processes.spawn as (protocol: unknown, args: object) => number)(protocol, args);
}

/** The VM's chip. */
export const chipOf = (m: Machine): ArmChip => m.vms[0]?.chip as ArmChip;
/** The host's GICv4. */
export const gicOf = (m: Machine): Gicv4 => chipOf(m).context.host.gicv4 as Gicv4;
/** The model's counters. */
export const messagesOf = (m: Machine): Messages => (m as Gicv4Machine).parts.messages;
/** vPE of a vCPU. */
export const vpeOf = (m: Machine, vcpu = 0): Vpe => gicOf(m).vpes.at(vcpu);
/** Handle in the pool, and state, of the guest's nth LPI. */
export const lpiHandle = (m: Machine, n = 0): number => chipOf(m).its.lpis.find(INTID.LPI + n);
export const lpiOf = (m: Machine, n = 0): Irq => chipOf(m).its.lpis.at(lpiHandle(m, n));

type Name = Parameters<typeof encode>[0];

/** An ITS command of the guest, in one go and without a queue in memory. */
export function command(m: Machine, name: Name, fields: Parameters<typeof encode>[1]): number {
  const context = chipOf(m).its.all[0]?.context;
  const { device = 0, event = 0, intid = 0, bits = 1, icid = 0, target = 0, second = 0, valid = true } = fields;
  const opcode = Number(encode(name, fields)[0] & 0xffn);
  const given = { opcode, device, event, intid, bits, icid, second, rdbase: target, ittLo: 0x40000000 };
  return execute(context as never, Object.assign(createWork(), given, { valid: valid ? 1 : 0 }));
}

/** The guest's driver: LPIs on, event n of the device is LPI 8192 + n in collection 0, which is vCPU 0's; collection v is vCPU v's. */
export function startGuest(m: Machine, lpis = 1): void {
  const { state, its, options } = chipOf(m);
  state.dist.enabled = 1;
  state.dist.propbaserLo = 0x4000000f;
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
    Object.assign(state.redists.at(vcpu), { lpis: 1, pendbaserLo: 0x40000000 });
    Object.assign(state.interfaces.at(vcpu).vmcr, { enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
  }
  Object.assign(its.all[0]?.context.state as object, {
    ...{ enabled: 1, deviceTableLo: 0x40000200, deviceTableHi: 0x81070000 },
    ...{ collectionTableLo: 0x40000200, collectionTableHi: 0x84070000 },
  });
  command(m, 'MAPD', { device: DEVICE, bits: BITS });
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) command(m, 'MAPC', { icid: vcpu, target: vcpu });
  for (let n = 0; n < lpis; n++) {
    command(m, 'MAPTI', { device: DEVICE, event: n, intid: INTID.LPI + n });
    Object.assign(lpiOf(m, n), { enabled: 1, priority: PRIORITY });
  }
}

/** A route of the GSI of vector n: to event `event` of the device. */
export const routeOf = (gsi: number, event = gsi) => ({
  ...{ gsi, type: ROUTE.MSI, flags: 1, irqchip: 0, pin: 0 },
  ...{ addressLo: DOORBELL, addressHi: 0, data: event, devid: DEVICE },
});

/** The VMM opens the device; vector n signals eventfd n, which is an irqfd of GSI n. `forwards` false: the irqfds come without eventfds of the device, and forwarding is left to the model. */
export function bindVectors(m: Machine, vectors = 1, forwards = true): void {
  const routes = Array.from({ length: vectors }, (_, n) => routeOf(n));
  m.kvms[0]?.setGsiRouting(routes, 0);
  m.vfio.open(0);
  const fds = Array.from({ length: vectors }, () => m.eventfds.create());
  m.vfio.msi.setBlock(0, MSIX, 0, fds);
  for (const [gsi, fd] of fds.entries()) {
    if (!forwards) unhookProducer(m, gsi);
    m.kvms[0]?.irqfd({ fd, gsi, flags: 0, resamplefd: 0 });
  }
}

/** The vector's producer goes before the irqfd comes, so that nothing is forwarded. */
function unhookProducer(m: Machine, vector: number): void {
  const v = m.vfio.state.devices.at(0).vectors.at(vector);
  m.bypass.unregisterProducer(v.producer);
  v.producer = 0;
}
