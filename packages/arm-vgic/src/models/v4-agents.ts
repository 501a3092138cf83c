// Agents of the GICv4 models: a device, a guest that takes what it is shown, and a vCPU that runs, is preempted and waits in WFI.

import { bits } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import type { StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { acknowledge, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { DIRECT } from '../cpuif/priorities.ts';
import type { Its } from '../its/its.ts';
import { RESIDENCY_LOCALS, type ResidencyFrame, vgicV4Load, vgicV4Put } from '../v4/residency.ts';
import { FORWARDING_LOCALS, type ForwardingFrame } from '../v4/set-forwarding.ts';
import { chipOf, type Gicv4Machine, lpiOf, messagesOf, routeOf } from './v4-machine.ts';

const { protocol } = protocolsOn<Gicv4Machine>();

const MANY = 3;
/** What can happen to a vCPU in its guest: it is shown an interrupt, it waits in WFI, it is preempted. */
const CHOICES = 3;
const [LOOK, WFI] = [0, 1];

/** IAR and EOIR; false for a spurious one. */
export function takeInGuest(m: Gicv4Machine, vcpu: number): boolean {
  const chip = chipOf(m);
  const c = chip.state.interfaces.at(vcpu);
  const n = acknowledge(c, 1);
  if (n < 0) return false;
  const intid = intidOf(c, n);
  if (n === DIRECT) chip.v4.activated(vcpu);
  endOfInterrupt(c, { group: 1, intid }, () => undefined);
  const messages = messagesOf(m);
  messages.taken = Math.min(MANY, messages.taken + 1);
  return true;
}

/** The device sends the message of vector 0, `left` times. What it does to an interrupt that somebody has locked waits. */
export const sendingDevice = protocol('device behind an ITS', { left: bits(2) }, () => ({
  send(m, f) {
    if (f.left === 0) return DONE;
    if (lpiOf(m).irqLock.holder !== 0) return BLOCKED;
    f.left--;
    messagesOf(m).sent++;
    m.vfio.msi.raise(0, 0);
    return 'send';
  },
}));

const VCPU_LOCALS = { ...RESIDENCY_LOCALS, left: bits(2) } as const;
type VcpuFrame = ResidencyFrame & { left: number };

const vcpusOf = (m: Gicv4Machine) => chipOf(m).context.kvm.vcpus;

function inGuest(m: Gicv4Machine, f: VcpuFrame, choice: number): Outcome<'guest'> {
  if (choice === LOOK) return takeInGuest(m, f.vcpu) ? 'guest' : BLOCKED;
  if (f.left === 0) return BLOCKED;
  f.left--;
  f.wfi = choice === WFI ? 1 : 0;
}

/** A vCPU whose interrupts are all the hardware's: `left` times it waits in WFI or is preempted, and goes on on another physical CPU. Linux: arm.c kvm_vcpu_wfi, kvm_arch_vcpu_put. */
export const runVpe = (of: StandIn) =>
  protocol('kvm_vcpu_wfi, kvm_sched_out', VCPU_LOCALS, (p: Combinators<Gicv4Machine, VcpuFrame>) => ({
    guest: p.idle(p.choose(CHOICES, (m, f, _self, choice) => inGuest(m, f, choice))),
    ...p.include('put', of(vgicV4Put) as never),
    waits: (_m, f): Outcome<'moveCpu'> => (f.wfi === 1 ? undefined : 'moveCpu'),
    announce: (m, f) => vcpusOf(m).block(f.vcpu),
    look: (m, f): Outcome<'wake'> => (chipOf(m).vcpus.isPending(f.vcpu) ? 'wake' : undefined),
    sleep: p.idle((m, f) => (vcpusOf(m).isBlocking(f.vcpu) ? BLOCKED : ('announce' as const))),
    wake(m, f) {
      vcpusOf(m).unblock(f.vcpu);
      f.wfi = 0;
    },
    moveCpu(_m, f) {
      f.cpu ^= 1;
    },
    ...p.include('load', of(vgicV4Load) as never),
    again: (): Outcome<'guest'> => 'guest',
  }));

/** A lock that the run loop of vCPU 0 needs is held. */
function isBusy(m: Gicv4Machine): boolean {
  const { lists } = chipOf(m);
  return lpiOf(m).irqLock.holder !== 0 || lists.apLists.at(0).apLock.holder !== 0;
}

/** vCPU 0 in its guest, whose interrupts come both ways: what is shown it takes, a kick makes it leave and enter again. Abstraction: exit and entry are one step. */
export const runMixed = protocol('kvm_arch_vcpu_ioctl_run (one step)', { vcpu: bits(1) }, (p) => ({
  guest: p.idle((m, f): Outcome<'guest'> => {
    if (messagesOf(m).halted === 1) return BLOCKED;
    if (takeInGuest(m, f.vcpu)) return 'guest';
    const { run, context } = chipOf(m);
    if (context.kvm.vcpus.mode(f.vcpu) !== VCPU_MODE.EXITING_GUEST_MODE || isBusy(m)) return BLOCKED;
    run.inside(f.vcpu, () => undefined);
    return 'guest';
  }),
}));

/** The VMM sends the same message by KVM_SIGNAL_MSI, `left` times. */
export const sendingVmm = protocol('KVM_SIGNAL_MSI', { left: bits(2) }, () => ({
  send(m, f) {
    if (f.left === 0) return DONE;
    const { irqLock } = lpiOf(m);
    const { itsLock } = (chipOf(m).its.all[0] as Its).context.state;
    if (irqLock.holder !== 0 || itsLock.holder !== 0) return BLOCKED;
    f.left--;
    messagesOf(m).sent++;
    chipOf(m).its.msi.inject(routeOf(0));
    return 'send';
  },
}));

/** The guest clears GICR_CTLR.EnableLPIs of its redistributor. */
export const switchingOff = protocol('GICR_CTLR.EnableLPIs := 0', { done: bits(1) }, () => ({
  clear(m) {
    chipOf(m).state.redists.at(0).lpis = 0;
  },
}));

/** irq_bypass_connect and irq_bypass_disconnect: the VM is halted around add_producer and del_producer. Abstraction: the vCPU comes out and goes in again in one step each. */
const halting = (name: string, path: object) =>
  protocol(name, FORWARDING_LOCALS, (p: Combinators<Gicv4Machine, ForwardingFrame>) => ({
    stopConsumer(m) {
      if (isBusy(m)) return BLOCKED;
      chipOf(m).run.exit(0);
      messagesOf(m).halted = 1;
      return undefined;
    },
    ...p.include('producer', path as never),
    startConsumer(m) {
      if (isBusy(m)) return BLOCKED;
      messagesOf(m).halted = 0;
      chipOf(m).run.enter(0);
      return undefined;
    },
  }));

/** A producer comes. */
export const connecting = (path: object) => halting('irq_bypass_connect', path);
/** A producer goes. */
export const disconnecting = (path: object) => halting('irq_bypass_disconnect', path);
