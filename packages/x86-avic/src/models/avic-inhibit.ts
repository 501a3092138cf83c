// Delivery of an interrupt against AVIC being switched off, and on again, for its vCPU. Linux: svm.c svm_deliver_interrupt, lapic.c __kvm_vcpu_update_apicv, x86.c.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { inhibitBit } from '../avic/inhibit.ts';
import { X86_REQ } from '../context.ts';
import { kvmSetApicvInhibit, kvmVcpuUpdateApicv } from '../protocols/avic-inhibit-update.ts';
import { avicPiUpdateIrte } from '../protocols/avic-pi-update.ts';
import { svmDeliverInterrupt } from '../protocols/svm-deliver.ts';
import { bindVectors, chipOf, routeVector, smallMachine, type X86Machine } from './machine.ts';

const VECTOR = 0x31;

const { protocol } = protocolsOn<X86Machine>();
const { always, quiescent, sometimes } = propertiesOn<X86Machine>();

const LOCALS = { vm: u8, vcpu: u16, next: u16 } as const;
type Frame = { vm: number; vcpu: number; next: number };

/** The guest takes what its IRR has and ends it. */
function serveGuest(m: X86Machine): void {
  const { avic, lapics } = chipOf(m);
  lapics.at(0).irr.clear();
  avic.host.takeDoorbell(0, 0);
}

/**
 * vcpu_enter_guest and the guest behind it. A doorbell makes the CPU evaluate the IRR only while AVIC is active for the guest; without AVIC only a request
 * makes KVM look and inject.
 */
const runVcpu = (of: StandIn) =>
  protocol(
    'vcpu_enter_guest',
    LOCALS,
    (p: Combinators<X86Machine, Frame>) =>
      ({
        checkApicvUpdate: (m: X86Machine) =>
          chipOf(m).avic.vcpus.check(0, X86_REQ.APICV_UPDATE) ? undefined : 'checkEvent',
        ...p.include('update', of(kvmVcpuUpdateApicv) as never),
        checkEvent: (m: X86Machine) => (chipOf(m).avic.vcpus.check(0, X86_REQ.EVENT) ? undefined : 'enterGuest'),
        inject: serveGuest,
        enterGuest(m: X86Machine) {
          const { avic } = chipOf(m);
          avic.vcpus.enterGuest(0);
          avic.host.enterGuest(0, 0);
          return avic.vcpus.isRequested(0, X86_REQ.APICV_UPDATE) || avic.vcpus.isRequested(0, X86_REQ.EVENT)
            ? 'leave'
            : undefined;
        },
        evaluateIrr(m: X86Machine) {
          if (chipOf(m).avic.isActive(0)) serveGuest(m);
        },
        guest: p.idle((m) => {
          const { avic } = chipOf(m);
          if (avic.vcpus.mode(0) === VCPU_MODE.EXITING_GUEST_MODE) return 'leave';
          if (m.parts.x86.state.cpus.at(0).doorbell === 0) return BLOCKED;
          avic.host.takeDoorbell(0, 0);
          return 'evaluateIrr';
        }),
        leave(m: X86Machine) {
          const { avic } = chipOf(m);
          avic.host.leaveGuest(0, 0);
          avic.vcpus.exitGuest(0);
          return 'checkApicvUpdate';
        },
      }) as never,
  );

const isConnected = (m: X86Machine): boolean => m.kvms[0].state.irqfds.slot(0).irteVcpu !== 0;

const properties = [
  quiescent('no interrupt is left undelivered', (m) => chipOf(m).lapics.at(0).irr.isEmpty(), {
    consequence: 'the interrupt waits for an unrelated exit; a guest that spins without exits never gets it',
  }),
  quiescent(
    'AVIC is active exactly while no reason stands against it',
    (m) => chipOf(m).avic.isActive(0) === (chipOf(m).avic.state.inhibits === 0),
    { consequence: 'the guest is accelerated when it must not be, or slow when it need not be' },
  ),
  quiescent(
    'an IRTE of a connected device posts exactly while its vCPU is accelerated',
    (m) => (m.parts.x86.irq(0).entry.guestMode === 1) === (isConnected(m) && chipOf(m).avic.isActive(0)),
    { consequence: 'the device sets a bit in a backing page that nobody looks at' },
  ),
  quiescent(
    'a vCPU that is accelerated says running, and so do its IRTEs',
    (m) => {
      const { avic } = chipOf(m);
      const { entry } = m.parts.x86.irq(0);
      return !avic.isActive(0) || (avic.at(0).entry.isRunning === 1 && entry.isRun === entry.guestMode);
    },
    { consequence: 'IPIs exit, and interrupts of the device wait until the vCPU is next scheduled' },
  ),
  always(
    'IsRunning is clear while AVIC is off',
    (m) => {
      const v = chipOf(m).avic.at(0);
      return (
        v.active === 1 ||
        v.entry.isRunning === 0 ||
        v.irListLock.holder !== 0 ||
        chipOf(m).avic.state.updateLock.holder !== 0
      );
    },
    { consequence: 'other vCPUs ring a doorbell that does nothing' },
  ),
  sometimes('a doorbell is on its way', (m) => m.parts.x86.state.cpus.at(0).doorbell === 1),
  sometimes('AVIC is off', (m) => chipOf(m).avic.at(0).active === 0),
  sometimes('the interrupt is there while AVIC is off', (m) => {
    const { avic, lapics } = chipOf(m);
    return avic.at(0).active === 0 && !lapics.at(0).irr.isEmpty();
  }),
];

const CONNECT = { vm: u8, irqfd: u16, irq: u16, to: u16, from: u16, vector: u8, failed: u1, left: u8 } as const;
type ConnectFrame = { -readonly [K in keyof typeof CONNECT]: number };

/** The device is connected, its route changes, it is disconnected, in any order, `left` times. Linux: add_producer, kvm_irq_routing_update, del_producer. */
const connect = (of: StandIn) =>
  protocol('irqbypass, kvm_irq_routing_update', CONNECT, (p: Combinators<X86Machine, ConnectFrame>) => ({
    chooseTarget: p.choose(2, (_m, f, _self, choice) => {
      if (f.left === 0) return DONE;
      f.left--;
      f.to = choice;
      return undefined;
    }),
    ...p.locked('irqfds', (m) => m.kvms[0].state.irqfdsLock, {
      ...p.include('update', of(avicPiUpdateIrte) as never),
    }),
    again(_m, f) {
      f.from = 0;
      f.to = 0;
      return 'chooseTarget';
    },
  }));

/** An interrupt is delivered while AVIC is switched off, and on again. */
export const avicInhibit = defineFamily({
  name: 'avic-inhibit',
  summary: 'AVIC: an interrupt is delivered while AVIC is switched off for its vCPU, or on again',
  scope: {
    deliveries: { says: 'interrupts delivered', default: 1, min: 1, max: 2 },
    adds: { says: 'times the device is connected, re-routed or disconnected meanwhile', default: 0, min: 0, max: 2 },
    returns: { says: '1: the reason goes away again', default: 1, min: 0, max: 1 },
  },
  build: ({ deliveries, adds, returns }) =>
    defineMachineModel({
      name: 'avic-inhibit',
      machine: smallMachine({ vcpus: 1, cpus: 1, vectors: 1, processes: 6 }),
      paths: [kvmVcpuUpdateApicv, svmDeliverInterrupt, kvmSetApicvInhibit, avicPiUpdateIrte],
      agents: (of) => [runVcpu(of), connect(of)] as never,
      start(m, [run, move]) {
        bindVectors(m, 1);
        if (adds === 0) routeVector(m, VECTOR);
        chipOf(m).apicv.load(0, 0);
        const spawn = m.processes.spawn as (protocol: unknown, args: Readonly<Record<string, number>>) => number;
        spawn(run, {});
        for (let i = 0; i < deliveries; i++) spawn(svmDeliverInterrupt, { vector: VECTOR + i });
        const irqfd = m.kvms[0]?.state.irqfds.handleOf(0) as number;
        if (adds > 0) spawn(move, { irqfd, vector: VECTOR, left: adds });
        const reason = inhibitBit('BLOCKIRQ');
        spawn(kvmSetApicvInhibit, { set: 1, reason });
        if (returns === 1) spawn(kvmSetApicvInhibit, { set: 0, reason });
      },
      properties: properties as never,
    }),
});
