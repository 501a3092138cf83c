// Interrupts are posted, delivered and ended while APICv is switched off for their vCPU, and on again. Linux: lapic.c __kvm_vcpu_update_apicv, vmx.c vmx_refresh_apicv_exec_ctrl, vmx_sync_pir_to_irr.

import { bits, u8, u16 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { inhibitBit } from '../avic/inhibit.ts';
import { X86_REQ } from '../context.ts';
import { virtualizeEoi } from '../posted/virtual-apic.ts';
import { kvmSetApicvInhibit } from '../protocols/avic-inhibit-update.ts';
import { vmxVcpuUpdateApicv } from '../protocols/vmx-apicv.ts';
import { vmxDeliverInterrupt } from '../protocols/vmx-deliver.ts';
import { vmxSyncPirToIrr } from '../protocols/vmx-sync.ts';
import { bindVectors, chipOf, routeVector, smallMachine, type X86Machine } from './machine.ts';
import { unseen } from './pi-preempt.ts';
import { postingDevice } from './vmx-vcpu.ts';

const VECTOR = 0x31;

const { protocol } = protocolsOn<X86Machine>();
const { quiescent, sometimes } = propertiesOn<X86Machine>();

/** `handling` counts the guest's interrupt handlers, one in another. */
const LOCALS = { vm: u8, vcpu: u16, handling: bits(2) } as const;
type Frame = { vm: number; vcpu: number; handling: number };

const [LOOK, EOI] = [0, 1];

/** Without APICv KVM injects what the IRR has, when it is asked to look. */
function inject(m: X86Machine, f: Frame): void {
  const { avic, lapics, vmx } = chipOf(m);
  if (avic.isActive(0) || !vmx.vcpus.check(0, X86_REQ.EVENT)) return;
  if (lapics.acknowledge(0) >= 0) f.handling++;
}

/** With APICv the CPU delivers. */
function takeByHardware(m: X86Machine, f: Frame): void {
  if (chipOf(m).avic.isActive(0) && chipOf(m).apicv.takeByHardware(0) >= 0) f.handling++;
}

/** The guest ends what it handles: by the CPU, or with an exit. */
function endOfInterrupt(m: X86Machine, f: Frame): 'enterGuest' | 'leaveGuest' {
  const { avic, lapics, vmx } = chipOf(m);
  f.handling--;
  if (!avic.isActive(0)) {
    lapics.eoi(0);
    return 'leaveGuest';
  }
  virtualizeEoi({ page: lapics.at(0), status: vmx.at(0) });
  return 'enterGuest';
}

const isRequested = (m: X86Machine): boolean => {
  const { vcpus } = chipOf(m).vmx;
  return [X86_REQ.APICV_UPDATE, X86_REQ.EVENT].some((req) => vcpus.isRequested(0, req));
};

/** vcpu_enter_guest and a guest that handles and ends its interrupts. */
const runVcpu = (of: StandIn) =>
  protocol(
    'vcpu_enter_guest (inhibits)',
    LOCALS,
    (p: Combinators<X86Machine, Frame>) =>
      ({
        checkApicvUpdate: (m: X86Machine) =>
          chipOf(m).vmx.vcpus.check(0, X86_REQ.APICV_UPDATE) ? undefined : 'inject',
        ...p.include('update', of(vmxVcpuUpdateApicv) as never),
        inject,
        setMode(m: X86Machine) {
          const { vcpus, pcpus } = chipOf(m).vmx;
          vcpus.enterGuest(0);
          pcpus.enterGuest(0, 0);
        },
        ...p.include('sync', of(vmxSyncPirToIrr) as never),
        checkRequests: (m: X86Machine) => (isRequested(m) ? 'leaveGuest' : undefined),
        enterGuest: takeByHardware,
        guest: p.idle(
          p.choose(2, (m, f, _self, choice) => {
            const { vcpus, pcpus } = chipOf(m).vmx;
            if (choice === EOI) return f.handling === 0 ? BLOCKED : endOfInterrupt(m, f);
            if (vcpus.mode(0) === VCPU_MODE.EXITING_GUEST_MODE) return 'leaveGuest';
            return choice === LOOK && pcpus.cpus.at(0).notification === 1 ? 'enterGuest' : BLOCKED;
          }),
        ),
        leaveGuest(m: X86Machine) {
          const { vcpus, pcpus } = chipOf(m).vmx;
          pcpus.leaveGuest(0, 0);
          vcpus.exitGuest(0);
          return 'checkApicvUpdate';
        },
      }) as never,
  );

const properties = [
  unseen(1),
  quiescent('what the guest has ended is not in service', (m) => chipOf(m).lapics.at(0).isr.isEmpty(), {
    consequence: 'the guest gets no interrupt of this priority or below any more',
  }),
  quiescent(
    'APICv is active exactly while no reason stands against it',
    (m) => chipOf(m).avic.isActive(0) === (chipOf(m).avic.state.inhibits === 0),
    { consequence: 'the guest is accelerated when it must not be, or slow when it need not be' },
  ),
  sometimes('APICv is off', (m) => !chipOf(m).avic.isActive(0)),
  sometimes('an interrupt is posted while APICv is off', (m) => {
    const { avic, vmx } = chipOf(m);
    return !avic.isActive(0) && vmx.at(0).desc.on === 1;
  }),
  sometimes('an interrupt is in service when APICv is switched on', (m) => {
    const { avic, lapics } = chipOf(m);
    return avic.isActive(0) && lapics.at(0).isr.has(VECTOR) && avic.state.updateLock.holder !== 0;
  }),
];

/** APICv goes and comes back while interrupts are posted, delivered and ended. */
export const apicvInhibit = defineFamily({
  name: 'apicv-inhibit',
  summary:
    'APICv on VMX: interrupts are posted, delivered and ended while APICv is switched off for their vCPU, and on again',
  scope: {
    posts: { says: 'interrupts that the device posts', default: 1, min: 0, max: 3 },
    deliveries: { says: 'interrupts that KVM delivers', default: 1, min: 0, max: 2 },
  },
  build: ({ posts, deliveries }) =>
    defineMachineModel({
      name: 'apicv-inhibit',
      machine: smallMachine({ vcpus: 1, cpus: 1, vectors: 1, processes: 5 + deliveries, intel: true }),
      paths: [vmxVcpuUpdateApicv, vmxSyncPirToIrr, vmxDeliverInterrupt, kvmSetApicvInhibit],
      agents: (of) => [runVcpu(of), postingDevice] as never,
      start(m, [run]) {
        bindVectors(m, 1);
        routeVector(m, VECTOR);
        chipOf(m).apicv.load(0, 0);
        const spawn = m.processes.spawn as (protocol: unknown, args: Readonly<Record<string, number>>) => number;
        spawn(run, {});
        spawn(postingDevice, { left: posts });
        for (let i = 0; i < deliveries; i++) spawn(vmxDeliverInterrupt, { vector: VECTOR + 0x10 + i });
        const reason = inhibitBit('BLOCKIRQ');
        spawn(kvmSetApicvInhibit, { set: 1, reason });
        spawn(kvmSetApicvInhibit, { set: 0, reason });
      },
      properties: properties as never,
    }),
});
