// A vCPU of the models: KVM's run loop around the VGIC, and a guest that takes, serves and ends its interrupts. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run.

import { bits, u8, u16 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import type { Machine, StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { acknowledge, endOfInterrupt } from '../cpuif/acknowledge.ts';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { FLUSH_LOCALS, vgicFlushLrState } from '../lists/flush.ts';
import { FOLD_LOCALS, type vgicFoldLrState } from '../lists/fold.ts';
import { PRUNE_LOCALS, vgicPruneApList } from '../lists/prune.ts';
import { targetOf } from '../lists/world.ts';
import { type ArmMachine, chipOf, cpuOf, spawn, tallyOf } from './machine.ts';
import { countTaken } from './tally.ts';

const { protocol } = protocolsOn<ArmMachine>();

/** `held` is the INTID that the guest handles, `stage` how far it is with it, `left` exits that nobody asks for. */
export const RUN_LOCALS = {
  ...FLUSH_LOCALS,
  ...FOLD_LOCALS,
  ...PRUNE_LOCALS,
  held: u16,
  stage: bits(2),
  left: u8,
} as const;
export type RunFrame = { -readonly [K in keyof typeof RUN_LOCALS]: number };

/** What a guest has done with the interrupt that it handles. */
export const STAGE = { IDLE: 0, TAKEN: 1, SERVED: 2, CRASHED: 3 } as const;

/** Labels a guest's step can lead to. */
export type GuestOutcome = Outcome<'guest' | 'leave'>;

/** What guest code does at one point, by what the checker chooses; BLOCKED if it cannot do that now. */
export interface GuestCode {
  readonly choices: number;
  act(m: ArmMachine, f: RunFrame, choice: number): GuestOutcome;
  /** What KVM does for the access that made the vCPU exit, if that was why. */
  trap?(m: ArmMachine, f: RunFrame): Outcome<never>;
}

const vcpusOf = (m: ArmMachine, f: RunFrame) => chipOf(m, f.vm).context.kvm.vcpus;

/** IAR. */
export function take(m: ArmMachine, f: RunFrame): GuestOutcome {
  const c = cpuOf(m, f.vcpu, f.vm);
  const n = f.stage === STAGE.IDLE ? acknowledge(c, 1) : -1;
  if (n < 0) return BLOCKED;
  f.held = c.lrs.at(n).intid;
  f.stage = STAGE.TAKEN;
  countTaken(tallyOf(m), f.vcpu);
  return 'guest';
}

/** EOIR of what is held. */
export function end(m: ArmMachine, f: RunFrame): GuestOutcome {
  endOfInterrupt(cpuOf(m, f.vcpu, f.vm), { group: 1, intid: f.held }, () => undefined);
  f.held = 0;
  f.stage = STAGE.IDLE;
  return 'guest';
}

/** An interrupt on the list that belongs to another vCPU, or nowhere any more. */
function hasForeign(m: ArmMachine, { vm, vcpu }: RunFrame): boolean {
  const { lists } = chipOf(m, vm);
  for (let at = lists.apLists.at(vcpu).first; at !== 0; at = lists.irqs.at(at - 1).next)
    if (targetOf(lists, lists.irqs.at(at - 1)) !== vcpu + 1) return true;
  return false;
}

/**
 * An exit: asked for by a kick or the maintenance interrupt, one of those that nobody asks for, or the host's tick. Abstraction: the tick comes when it changes
 * something, which is what it does in the end.
 */
export function leave(m: ArmMachine, f: RunFrame): GuestOutcome {
  const { lists } = chipOf(m, f.vm);
  const isAsked = vcpusOf(m, f).mode(f.vcpu) === VCPU_MODE.EXITING_GUEST_MODE;
  if (isAsked || maintenancePending(cpuOf(m, f.vcpu, f.vm), lists.nrLr) || hasForeign(m, f)) return 'leave';
  if (f.left === 0) return BLOCKED;
  f.left--;
  return 'leave';
}

/** A driver of edges: takes them, ends them. */
export const edgeDriver: GuestCode = {
  choices: 2,
  act(m, f, choice) {
    if (choice === 1) return leave(m, f);
    return f.stage === STAGE.IDLE ? take(m, f) : end(m, f);
  },
};

/** Any request is pending: kvm_request_pending. */
const isRequested = (m: ArmMachine, f: RunFrame): boolean =>
  Object.values(ARM_REQ).some((req) => vcpusOf(m, f).isRequested(f.vcpu, req));

/** The run loop from the guest on: exit, fold, prune, requests, flush, entry. `of` gives each path in the form that is checked. */
export const runVcpu = (of: StandIn, fold: typeof vgicFoldLrState, guest: GuestCode) =>
  protocol('kvm_arch_vcpu_ioctl_run', RUN_LOCALS, (p: Combinators<ArmMachine, RunFrame>) => ({
    guest: p.idle(p.choose(guest.choices, (m, f, _self, choice) => guest.act(m, f, choice))),
    leave: (m, f) => vcpusOf(m, f).exitGuest(f.vcpu),
    ...p.include('fold', of(fold) as never),
    ...p.include('prune', of(vgicPruneApList) as never),
    emulate: (m, f): Outcome<never> => guest.trap?.(m, f),
    serveRequests: (m, f) => void vcpusOf(m, f).check(f.vcpu, ARM_REQ.IRQ_PENDING),
    ...p.include('flush', of(vgicFlushLrState) as never),
    setMode: (m, f) => vcpusOf(m, f).enterGuest(f.vcpu),
    checkRequests: (m, f): Outcome<'leave' | 'guest'> => (isRequested(m, f) ? 'leave' : 'guest'),
  }));

/** A vCPU that is in its guest with nothing to do there. */
export function startVcpu(m: Machine, run: unknown, args: Readonly<Record<string, number>>): void {
  const [vm, vcpu] = [args['vm'] ?? 0, args['vcpu'] ?? 0];
  const { run: loop, context } = chipOf(m, vm);
  loop.enter(vcpu);
  context.kvm.vcpus.enterGuest(vcpu);
  spawn(m, run, args);
}
