// More active interrupts than list registers: EOIs beyond them are counted and replayed, DIRs are trapped. Linux: arch/arm64/kvm/vgic/vgic-v3.c vgic_v3_fold_lr_state, vgic_v3_deactivate (7.x).

import { bits, u16, u32 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  type Outcome,
  type Property,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { acknowledge, deactivateInterrupt, endOfInterrupt } from '../cpuif/acknowledge.ts';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { activatePriority, PREBITS } from '../cpuif/priorities.ts';
import { CONFIG } from '../irq/layout.ts';
import { DIR_LOCALS, vgicDeactivate } from '../lists/deactivate.ts';
import { FLUSH_LOCALS, vgicFlushLrState } from '../lists/flush.ts';
import { FOLD_LOCALS } from '../lists/fold.ts';
import { PRUNE_LOCALS, vgicPruneApList } from '../lists/prune.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { LR_STATE } from '../lr/format.ts';
import { foldSkipsLrs } from './corrected.ts';
import {
  type ArmMachine,
  chipOf,
  cpuOf,
  kernelScope,
  SPI,
  smallMachine,
  spawn,
  spiHandle,
  spiOf,
  startGuest,
  tallyOf,
} from './machine.ts';
import { startVcpu } from './vcpu.ts';

const { protocol } = protocolsOn<ArmMachine>();
const { always, quiescent, sometimes } = propertiesOn<ArmMachine>();

/** What is in the guest's hands: `held`, and `under` it what it has interrupted. `traps` says that KVM handles the accesses; `dropped` that only the DIR is left; `left` counts exits. */
const LOCALS = {
  ...FLUSH_LOCALS,
  ...FOLD_LOCALS,
  ...PRUNE_LOCALS,
  ...DIR_LOCALS,
  value: u32,
  held: u16,
  under: u16,
  dropped: bits(1),
  trapped: bits(1),
  traps: bits(1),
  left: bits(2),
} as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

const [TAKE, END, LEAVE] = [0, 1, 2];
const SPIS = 2;
const nothing = (): void => undefined;

/** Notes what the guest has in its hands. */
function hold(m: ArmMachine, intid: number, isHeld: boolean): void {
  const tally = tallyOf(m);
  const bit = 1 << (intid - SPI);
  tally.saved = isHeld ? tally.saved | bit : tally.saved & ~bit;
}

function takeNext(m: ArmMachine, f: Frame): Outcome<'guest'> {
  const c = cpuOf(m, 0);
  const n = f.held === 0 ? acknowledge(c, 1) : -1;
  if (n < 0) return BLOCKED;
  f.held = c.lrs.at(n).intid;
  hold(m, f.held, true);
  return 'guest';
}

/** The guest is through with what it holds. */
function letGo(m: ArmMachine, f: Frame): void {
  hold(m, f.held, false);
  f.held = f.under;
  f.under = f.dropped = 0;
}

/** EOIR, and with EOImode 1 DIR after it. */
function endHeld(m: ArmMachine, f: Frame): Outcome<'guest' | 'leave'> {
  if (f.held === 0) return BLOCKED;
  const c = cpuOf(m, 0);
  if (f.dropped === 0) {
    endOfInterrupt(c, { group: 1, intid: f.held, direct: f.traps === 0 }, nothing);
    f.dropped = c.vmcr.eoiMode;
    if (f.dropped === 0) letGo(m, f);
    return 'guest';
  }
  f.value = f.held;
  f.trapped = deactivateInterrupt(c, f.held, nothing) === 'exit' ? 1 : 0;
  letGo(m, f);
  return f.trapped === 1 ? 'leave' : 'guest';
}

function act(m: ArmMachine, f: Frame, choice: number): Outcome<'guest' | 'leave'> {
  if (choice === TAKE) return takeNext(m, f);
  if (choice === END) return endHeld(m, f);
  const { lists, context } = chipOf(m);
  const isAsked = context.kvm.vcpus.mode(0) === VCPU_MODE.EXITING_GUEST_MODE;
  if (choice === LEAVE && (isAsked || maintenancePending(cpuOf(m, 0), lists.nrLr))) return 'leave';
  if (f.left === 0) return BLOCKED;
  f.left--;
  return 'leave';
}

/** A vCPU with trapped DIRs. */
const vcpu = (of: StandIn) =>
  protocol('vCPU with more than its LRs', LOCALS, (p: Combinators<ArmMachine, Frame>) => ({
    guest: p.idle(p.choose(3, (m, f, _self, choice) => act(m, f, choice))),
    leave: (m) => chipOf(m).context.kvm.vcpus.exitGuest(0),
    ...p.include('fold', of(foldSkipsLrs) as never),
    ...p.include('prune', of(vgicPruneApList) as never),
    isTrapped: (_m, f): Outcome<'serveRequests'> => (f.trapped === 0 ? 'serveRequests' : undefined),
    ...p.include('dir', of(vgicDeactivate) as never),
    serveRequests(m, f): Outcome<'enter'> {
      f.trapped = 0;
      const { vcpus } = chipOf(m).context.kvm;
      vcpus.check(0, ARM_REQ.IRQ_PENDING);
      return vcpus.check(0, ARM_REQ.VGIC_PROCESS_UPDATE) ? undefined : 'enter';
    },
    ...p.include('update', of(vgicPruneApList) as never),
    enter: () => undefined,
    ...p.include('flush', of(vgicFlushLrState) as never),
    setMode: (m) => chipOf(m).context.kvm.vcpus.enterGuest(0),
    checkRequests: (m): Outcome<'leave' | 'guest'> =>
      chipOf(m).context.kvm.vcpus.isRequested(0, ARM_REQ.IRQ_PENDING) ? 'leave' : 'guest',
  }));

/** Active where its state is now. */
function isActive(m: ArmMachine, n: number): boolean {
  const spi = spiOf(m, n);
  if (spi.onLr === 0) return spi.active === 1;
  const { lrs } = cpuOf(m, 0);
  for (let lr = 0; lr < chipOf(m).lists.nrLr; lr++)
    if (lrs.at(lr).intid === spi.intid) return (lrs.at(lr).state & LR_STATE.ACTIVE) !== 0;
  return false;
}
const isHeld = (m: ArmMachine, n: number): boolean => ((tallyOf(m).saved >>> n) & 1) === 1;

/** Both SPIs are in the guest's hands, the second has interrupted the first: as restored from a host with more LRs, or from user space. */
function restore(m: Parameters<typeof spiOf>[0]): void {
  for (let n = 0; n < SPIS; n++) {
    const spi = spiOf(m, n);
    Object.assign(spi, { active: 1, priority: spi.priority - 0x20 * n });
    chipOf(m).inputs.queue(spiHandle(m, n));
    activatePriority(cpuOf(m, 0), 1, spi.priority, PREBITS);
    hold(m as ArmMachine, spi.intid, true);
  }
}

/** One vCPU with one LR and two SPIs. The corrected fold replays an EOI only if it was a deactivation, and for something that is in no LR. */
export const vgicOverflow = defineFamily({
  name: 'vgic-overflow',
  summary: 'VGIC: one list register and two SPIs, one of them active without one when the guest ends it',
  scope: {
    kernel: kernelScope('7.3'),
    restored: { says: '1: both are active at the start', default: 0, min: 0, max: 1 },
    eoimode: { says: 'ICC_CTLR_EL1.EOImode', default: 0, min: 0, max: 1 },
    traps: { says: "1: KVM handles the guest's accesses to its CPU interface", default: 0, min: 0, max: 1 },
    exits: { says: 'exits that nobody asks for', default: 1, min: 0, max: 2 },
  },
  build: ({ kernel, restored, eoimode, traps, exits }) =>
    defineMachineModel({
      name: 'vgic-overflow',
      machine: smallMachine({ kernel, processes: 2 + SPIS, paths: [foldSkipsLrs] }),
      paths: [foldSkipsLrs, vgicDeactivate, vgicInjectIrq] as never,
      agents: (of) => [vcpu(of)] as never,
      start(m, [run]) {
        startGuest(m, SPIS, CONFIG.EDGE);
        cpuOf(m, 0).vmcr.eoiMode = eoimode;
        if (restored === 1) restore(m);
        const hands = restored === 1 ? { held: SPI + 1, under: SPI } : {};
        startVcpu(m, run, { vcpu: 0, traps, left: exits, ...hands });
        if (restored === 0) for (let n = 0; n < SPIS; n++) spawn(m, vgicInjectIrq, { level: 1, irq: spiHandle(m, n) });
      },
      properties: [
        always('what the guest handles is active', (m, n) => !isHeld(m, n) || isActive(m, n), {
          over: SPIS,
          consequence: 'an interrupt comes again while its handler runs, and another one never again',
        }),
        quiescent('what the guest has ended is not active', (m, n) => isHeld(m, n) || !isActive(m, n), {
          over: SPIS,
          consequence: 'the device is mute: its interrupt stays active for ever',
        }),
        sometimes(
          'an interrupt is active and in no list register',
          (m) =>
            chipOf(m).context.kvm.vcpus.mode(0) !== VCPU_MODE.OUTSIDE_GUEST_MODE &&
            spiOf(m).active === 1 &&
            spiOf(m).onLr === 0,
        ),
        sometimes(
          'the guest has ended both',
          (m) => tallyOf(m).saved === 0 && spiOf(m, 1).active + spiOf(m).active === 0,
        ),
      ] as unknown as readonly Property<never>[],
    }),
});
