// A guest with AVIC, an IOMMU and one device, driven by operations; every result carries the tracepoints of the operation.

import type { KvmWorld } from '@virq/irq-core/kvm';
import {
  checkArgs,
  createMachine,
  createSession,
  findOperation,
  type Json,
  type MachineOptions,
} from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { x86Avic } from '../index.ts';
import type { X86Host } from '../x86-host.ts';

/** What may differ from the usual machine. */
export interface Setup {
  readonly vcpus?: number;
  readonly vm?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly kernel?: MachineOptions['kernel'];
  readonly profile?: Partial<KvmWorld['kvms'][number]['profile']>;
}

/** An MSI route to one vCPU (fixed, physical). */
export const toVcpu = (vcpu: number, vector: number, gsi = 24) => ({
  entries: [{ gsi, type: 'msi', address_lo: (0xfee00000 | (vcpu << 12)) >>> 0, data: vector }],
});

/** Opens it. */
export function postedGuest({ vcpus = 2, vm = {}, host = {}, kernel = '6.18', profile = {} }: Setup = {}) {
  const machine = createMachine({
    kernel,
    vms: [{ name: 'guest', backend: x86Avic, options: { apicv: 'avic', vcpus, ...vm }, limits: { vcpus }, profile }],
    devices: [{ name: 'nic', kind: 'pci', msix: 4 }],
    host: { cpus: 4, iommu: 'amd', ...host },
    limits: { irqs: 8, bypass: 8, eventfds: 16, processes: 32 },
  });
  const session = createSession(machine);
  machine.trace.on = true;
  const op = (name: string, given: Readonly<Record<string, unknown>> = {}) => {
    const found = findOperation(session, name);
    if (found === undefined) throw new Error(`no operation ${name}`);
    const checked = checkArgs(found.args, given);
    if (!checked.ok) throw new Error(checked.faults.map((f) => `${f.path} ${f.message}`).join('; '));
    const { ret, out } = found.run(checked.args);
    machine.settle();
    return { ret, out: out as Readonly<Record<string, Json>> | undefined, events: session.takeTrace() };
  };
  const part = machine.parts['x86'] as X86Host;
  const chip = machine.vms[0]?.chip as X86Chip;
  return {
    machine,
    op,
    chip,
    host: part,
    /** IRTE of a vector. */
    irte: (vector = 0) => part.irq(vector).entry,
    /** Which vCPUs have the vector on their list. */
    listed: (vector = 0) =>
      Array.from({ length: vcpus }, (_, v) => v).filter((v) => chip.avic.at(v).irList.has(vector)),
    /** Device open, vector bound to an irqfd of GSI 24, routed to a vCPU. */
    passThrough(vcpu = 0, vector = 0x31) {
      op('device_open', { device: 'nic' });
      op('vfio_msi', { device: 'nic', triggers: ['fd'] });
      op('set_gsi_routing', toVcpu(vcpu, vector));
      return op('irqfd', { name: 'fd', gsi: 24 });
    },
    /** The vCPU gets a CPU and enters the guest. */
    run(vcpu: number, cpu = vcpu) {
      op('vcpu_load', { vcpu, cpu });
      op('vcpu_run', { vcpu });
    },
  };
}

/** Names of events. */
export const names = (events: readonly string[]): string[] => events.map((e) => e.slice(0, e.indexOf(':')));
