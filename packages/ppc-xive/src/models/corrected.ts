// Passthrough as the models prove it: the kernel's paths with every finding put right. What the kernel does instead is in protocols/.

import { reorder, replace } from '@virq/irq-core/protocol';
import { ESB, PQ } from '../hw/esb.ts';
import { DEVICE } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import { vpOf } from '../kvm/vp.ts';
import { esbFaultCorrected } from '../protocols/esb-fault.ts';
import { clrPassthruCorrected, type PASSTHRU_LOCALS, setPassthruCorrected } from '../protocols/passthru.ts';
import { type PowerMachine, roomOf, sourceOf } from '../protocols/world.ts';

type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

/**
 * xive_lock_and_mask, for native mode too: what says there that the guest has its interrupt enabled is not the priority, which KVM never learns, but
 * the source itself. Off stays off.
 */
function maskAtSource(m: PowerMachine, f: Frame): void {
  const s = sourceOf(m, f);
  const { sources } = roomOf(m, f);
  const pq = sources.load(s, ESB.SET_PQ_10);
  f.prio = pq === PQ.OFF ? MASKED : 0;
  s.oldP = pq === PQ.OFF ? 0 : pq >>> 1;
  s.oldQ = pq === PQ.OFF ? 0 : pq & 1;
}

/** What was pending at the IPI beside what the guest already has in its queue is pending at the device's source. */
function enable(m: PowerMachine, f: Frame): void {
  const s = sourceOf(m, f);
  const { sources } = roomOf(m, f);
  if (f.prio === MASKED) sources.load(s, ESB.SET_PQ_01);
  else if (s.oldP === 0) sources.eoi(s);
  else if (s.oldQ === 1) sources.load(s, ESB.SET_PQ_11);
}

function enableIpi(m: PowerMachine, f: Frame): void {
  const s = sourceOf(m, f);
  const { sources } = roomOf(m, f);
  const offset = f.prio === MASKED ? ESB.SET_PQ_01 : s.oldP === 1 ? ESB.SET_PQ_10 : ESB.SET_PQ_00;
  sources.load(s, offset);
}

/** The EAS carries the number that the guest has asked for. */
function configure(m: PowerMachine, f: Frame): void {
  const { context, sources } = roomOf(m, f);
  const s = sourceOf(m, f);
  const vp = s.actPriority === MASKED ? 0 : vpOf(context, s.actServer);
  sources.configure(s, vp, s.actPriority, context.state.device === DEVICE.XIVE ? s.eisn : f.gsi);
}

const restorePriority = (m: PowerMachine, f: Frame): void => {
  sourceOf(m, f).guestPriority = MASKED;
};

/** What set_mapped returned is returned, so that the irqbypass manager does not hold the two for connected when they are not. */
function settle(m: PowerMachine, f: Frame): void {
  if (f.ret !== 0) roomOf(m, f).context.state.passthru.at(f.entry).hostIrq = 0;
}

/** Only what is mapped is given back. */
function find(m: PowerMachine, f: Frame): 'unlock kvm' | undefined {
  const { passthru } = roomOf(m, f).context.state;
  for (f.entry = 0; f.entry < passthru.length; f.entry++) {
    const { gsi, hostIrq } = passthru.at(f.entry);
    if (gsi === f.gsi && hostIrq === f.irq + 1) return undefined;
  }
  return 'unlock kvm';
}

/** kvmppc_set_passthru_irq for a native guest. */
export const setPassthruNative = [
  ['settle', settle],
  ['map.maskSource', maskAtSource],
  ['map.configure', configure],
  ['map.enable', enable],
  ['map.restorePriority', restorePriority],
].reduce((p, [label, step]) => replace(p, label as string, step as never), setPassthruCorrected);

/** Steps of clr_mapped that have to come before the host gets its interrupt back, in this order. */
const IPI_FIRST = ['clearNumber', 'clearData', 'configure', 'enableIpi'].map((label) => `unmap.${label}`);
const giveBack = clrPassthruCorrected.labels.filter((l) => l.startsWith('unmap.give.') || l === 'unmap.isGivenBack');

/**
 * kvmppc_clr_passthru_irq for a native guest. The IPI is in its place before the device's interrupt is the host's again: what the host gets goes through
 * the irqfd, and kvmppc_xive_set_irq, which takes no lock, would drop it.
 */
export const clrPassthruNative = reorder(
  [
    ['find', find],
    ['unmap.maskSource', maskAtSource],
    ['unmap.configure', configure],
    ['unmap.enableIpi', enableIpi],
    ['unmap.restorePriority', restorePriority],
  ].reduce((p, [label, step]) => replace(p, label as string, step as never), clrPassthruCorrected),
  ...IPI_FIRST,
  ...giveBack,
);

/** xive_native_esb_fault: mapping_lock from the choice of the page to its insertion, and the file's offset instead of the mapping's. */
export const esbFaultNative = esbFaultCorrected;
