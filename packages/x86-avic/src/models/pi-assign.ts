// The first interrupt of a VM that may be posted comes while a vCPU halts. Linux: arch/x86/kvm/irq.c kvm_arch_irq_bypass_add_producer, vmx/posted_intr.c vmx_pi_start_bypass.

import { bits, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { NOTIFY } from '../posted/pi-descriptor.ts';
import { PI_LOCALS, piWakeupHandler } from '../protocols/pi-wakeup.ts';
import { vmxPiStartBypass, vmxVcpuBlock, vmxVcpuLoad, vmxVcpuPut } from '../protocols/vmx-run.ts';
import { vmxPiUpdateIrte } from '../protocols/vtd-pi-update.ts';
import { bindVectors, chipOf, smallMachine, type X86Machine } from './machine.ts';
import { isAsleep, unseen } from './pi-preempt.ts';
import { postingDevice, runVmxVcpu } from './vmx-vcpu.ts';

const VECTOR = 0x31;

const { protocol } = protocolsOn<X86Machine>();
const { sometimes } = propertiesOn<X86Machine>();

const LOCALS = { ...PI_LOCALS, irqfd: u16, irq: u16, to: u16, vector: u8 } as const;
type Frame = { vm: number; vcpu: number; cpu: number; preempted: number } & Record<
  'irqfd' | 'irq' | 'to' | 'vector',
  number
>;

/** kvm_arch_irq_bypass_add_producer for an irqfd whose route is an MSI: counted first, so that vCPUs that halt from now on use the wake-up vector. */
const addProducer = (of: StandIn) =>
  protocol('kvm_arch_irq_bypass_add_producer', LOCALS, (p: Combinators<X86Machine, Frame>) => ({
    ...p.locked('irqfds', (m) => m.kvms[0].state.irqfdsLock, {
      count(m) {
        m.kvms[0].state.bypassIrqs = 1;
      },
      ...p.include('start', of(vmxPiStartBypass) as never),
      ...p.include('update', of(vmxPiUpdateIrte) as never),
    }),
  }));

const properties = [
  unseen(1),
  sometimes(
    'the vCPU sleeps without the wake-up vector',
    (m) => isAsleep(m, 0) && chipOf(m).vmx.at(0).desc.nv === NOTIFY.POSTED,
  ),
  sometimes(
    'the vCPU sleeps with the wake-up vector',
    (m) => isAsleep(m, 0) && chipOf(m).vmx.at(0).desc.nv === NOTIFY.WAKEUP,
  ),
];

/** A device is hot-plugged while the guest idles. */
export const piAssign = defineFamily({
  name: 'pi-assign',
  summary: 'VT-d: the first device of a VM is assigned while a vCPU halts',
  scope: {
    cpus: { says: 'physical CPUs', default: 2, min: 1, max: 2 },
    exits: { says: 'times that the vCPU halts or is preempted', default: 1, min: 1, max: 3 },
    posts: { says: 'interrupts that the device posts', default: 1, min: 1, max: 3 },
  },
  build: ({ cpus, exits, posts }) =>
    defineMachineModel({
      name: 'pi-assign',
      machine: smallMachine({ vcpus: 1, cpus, vectors: 1, processes: cpus + 4, intel: true }),
      paths: [vmxVcpuLoad, vmxVcpuPut, vmxVcpuBlock, piWakeupHandler, vmxPiStartBypass, vmxPiUpdateIrte],
      agents: (of) => [runVmxVcpu(of), addProducer(of), deviceInUse] as never,
      start(m, [run, add]) {
        bindVectors(m, 1);
        (m.kvms[0] as X86Machine['kvms'][number]).state.bypassIrqs = 0;
        chipOf(m).apicv.load(0, 0);
        const irqfd = m.kvms[0]?.state.irqfds.handleOf(0) as number;
        const spawn = m.processes.spawn as (protocol: unknown, args: Readonly<Record<string, number>>) => number;
        spawn(run, { left: exits });
        spawn(add, { irqfd, to: 1, vector: VECTOR });
        spawn(deviceInUse, { left: posts });
      },
      properties: properties as never,
    }),
});

/** The device is used once its interrupt is set up. */
const deviceInUse = protocol('device behind VT-d', { left: bits(2), nv: u8, ndst: u16 }, (p) => ({
  isSetUp: (m) => (m.parts.x86.vtd.irqs.at(0).entry.pst === 1 ? undefined : BLOCKED),
  ...p.include('send', postingDevice as never),
}));
