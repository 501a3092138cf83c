// A device's interrupt takes the place of the IPI behind a guest's source. Linux: book3s_xive.c kvmppc_xive_set_mapped.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import { assert, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { DEVICE } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import { vpOf } from '../kvm/vp.ts';
import { takeFromHost } from './host-irq.ts';
import { maskAgain, maskPriority, maskSource, restorePriority, sbLockOf, syncSource } from './mask.ts';
import { type PowerMachine, roomOf, sourceOf } from './world.ts';
import { hasPages, mappingLockOf, zap } from './zap.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** `gsi` is the guest's source number, `irq` the host irq counted from the first message vector, `ret` an errno as a positive number. */
export const MAPPED_LOCALS = { vm: u8, ret: u8, prio: u8, retry: u1, irq: u16, gsi: u32 } as const;
/** Frame of set_mapped and clr_mapped. */
export type MappedFrame = { -readonly [K in keyof typeof MAPPED_LOCALS]: number };

/** Looks for the device and the source's block. Linux: whether the source was ever made is not asked. */
export function findBlock(m: PowerMachine, f: MappedFrame): Outcome<never> {
  const { context, sources } = roomOf(m, f);
  f.ret = context.state.device === DEVICE.NONE ? ENODEV : sources.find(f.gsi) === null ? EINVAL : 0;
  return f.ret === 0 ? undefined : DONE;
}

/** The IPI is hard off: what it had pending is gone, but for what `oldP` keeps. */
export function switchIpiOff(m: PowerMachine, f: MappedFrame): void {
  const s = sourceOf(m, f);
  assert(s.ipi !== 0, 'kvmppc_xive_set_mapped follows the NULL eoi_mmio of a source that was never made');
  m.parts.power.xive.sources.load(s.ipi - 1, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_01);
}

/** pt_number. */
export function storeNumber(m: PowerMachine, f: MappedFrame): void {
  const { opal, sourceOf: hwOf } = m.parts.power;
  sourceOf(m, f).ptNumber = opal.irqs.numberOf(hwOf(f.irq));
}

/** pt_data. */
export function storeData(m: PowerMachine, f: MappedFrame): void {
  sourceOf(m, f).ptData = 1 + m.parts.power.sourceOf(f.irq);
}

/** The selected source gets the target that the guest's source has; what lands in the queue is what {@link PowerProfile.passthroughData} says. */
export function configureLikeGuest(m: PowerMachine, f: MappedFrame): void {
  const { context, sources } = roomOf(m, f);
  const s = sourceOf(m, f);
  const native = context.state.device === DEVICE.XIVE && context.profile.passthroughData === 'eisn';
  sources.configure(s, vpOf(context, s.actServer), s.actPriority, native ? s.eisn : f.gsi);
}

/** Enabled by an EOI, which also sends again what came meanwhile: if the guest has it unmasked, and the IPI had nothing in a queue. */
function enable(m: PowerMachine, f: MappedFrame): void {
  const s = sourceOf(m, f);
  if (f.prio !== MASKED && s.oldP === 0) roomOf(m, f).sources.eoi(s);
}

function forgetOld(m: PowerMachine, f: MappedFrame): void {
  Object.assign(sourceOf(m, f), { oldP: 0, oldQ: 0 });
}

/**
 * The order of the kernel (all releases so far): the pages go before the new source is stored, under the spinlock of the block, and page faults do
 * not wait for either.
 */
export const setMapped = protocol(
  'kvmppc_xive_set_mapped',
  MAPPED_LOCALS,
  (p: Combinators<PowerMachine, MappedFrame>) => ({
    findBlock,
    ...p.include('take', takeFromHost),
    ...p.spinlocked('sb', sbLockOf, {
      maskPriority,
      maskSource,
      syncSource,
      switchIpiOff,
      hasPages: (m, f) => (hasPages(m, f) ? undefined : 'storeNumber'),
      ...p.locked('mapping', mappingLockOf, { zap }),
      storeNumber,
      storeData,
      configure: configureLikeGuest,
      enable,
      forgetOld,
      restorePriority,
    }),
    maskAgain,
  }),
);

/**
 * Corrected: mapping_lock is outermost and page faults take it, so that between the old pages' going and the new source's being there nobody
 * looks, and no guest ends an interrupt at the page of the wrong source.
 */
export const setMappedCorrected = protocol(
  'kvmppc_xive_set_mapped (corrected)',
  MAPPED_LOCALS,
  (p: Combinators<PowerMachine, MappedFrame>) => ({
    findBlock,
    ...p.include('take', takeFromHost),
    ...p.locked('mapping', mappingLockOf, {
      zap,
      ...p.spinlocked('sb', sbLockOf, {
        maskPriority,
        maskSource,
        syncSource,
        switchIpiOff,
        storeNumber,
        storeData,
        configure: configureLikeGuest,
        enable,
        forgetOld,
        restorePriority,
      }),
      maskAgain,
    }),
  }),
);
