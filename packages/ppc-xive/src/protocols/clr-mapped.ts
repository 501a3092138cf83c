// A device's interrupt goes back to the host, the guest's source is its IPI again. Linux: book3s_xive.c kvmppc_xive_clr_mapped.

import { assert, type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { MASKED } from '../kvm/priority.ts';
import { giveToHost } from './host-irq.ts';
import { maskAgain, maskPriority, maskSource, restorePriority, sbLockOf, syncSource } from './mask.ts';
import { configureLikeGuest, findBlock, MAPPED_LOCALS, type MappedFrame } from './set-mapped.ts';
import { type PowerMachine, roomOf, sourceOf } from './world.ts';
import { hasPages, mappingLockOf, zap } from './zap.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** What the guest had pending the host is to get: PQ 11. */
function resend(m: PowerMachine, f: MappedFrame): void {
  const s = sourceOf(m, f);
  if (s.oldP === 0) return;
  assert(s.ptData !== 0, 'kvmppc_xive_clr_mapped follows a NULL pt_data');
  m.parts.power.xive.sources.load(s.ptData - 1, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_11);
}

function clearNumber(m: PowerMachine, f: MappedFrame): void {
  sourceOf(m, f).ptNumber = 0;
}

function clearData(m: PowerMachine, f: MappedFrame): void {
  sourceOf(m, f).ptData = 0;
}

/** The IPI waits for an EOI if the guest has an entry or has it masked; else it is enabled. Native mode: always the former. */
function enableIpi(m: PowerMachine, f: MappedFrame): void {
  const s = sourceOf(m, f);
  const offset = f.prio === MASKED || s.oldP === 1 ? ESB.SET_PQ_10 : ESB.SET_PQ_00;
  assert(s.ipi !== 0, 'kvmppc_xive_clr_mapped follows the NULL eoi_mmio of a source that was never made');
  roomOf(m, f).context.host.xive.sources.load(s.ipi - 1, ESB_PAGE.MANAGEMENT, offset);
}

/** Linux: when the host does not take it back, the path ends with the block's lock held. */
const isGivenBack = (_m: PowerMachine, f: MappedFrame): typeof DONE | undefined => (f.ret === 0 ? undefined : DONE);

/** The order of the kernel: see `setMapped`. */
export const clrMapped = protocol(
  'kvmppc_xive_clr_mapped',
  MAPPED_LOCALS,
  (p: Combinators<PowerMachine, MappedFrame>) => ({
    findBlock,
    ...p.spinlocked('sb', sbLockOf, {
      maskPriority,
      maskSource,
      syncSource,
      resend,
      ...p.include('give', giveToHost),
      isGivenBack,
      clearNumber,
      clearData,
      hasPages: (m, f) => (hasPages(m, f) ? undefined : 'configure'),
      ...p.locked('mapping', mappingLockOf, { zap }),
      configure: configureLikeGuest,
      enableIpi,
      restorePriority,
    }),
    maskAgain,
  }),
);

/** Corrected: the guest has lost the device's pages before the host gets the source, and the lock is dropped when the host does not take it. */
export const clrMappedCorrected = protocol(
  'kvmppc_xive_clr_mapped (corrected)',
  MAPPED_LOCALS,
  (p: Combinators<PowerMachine, MappedFrame>) => ({
    findBlock,
    ...p.locked('mapping', mappingLockOf, {
      zap,
      ...p.spinlocked('sb', sbLockOf, {
        maskPriority,
        maskSource,
        syncSource,
        resend,
        ...p.include('give', giveToHost),
        isGivenBack: (_m, f) => (f.ret === 0 ? undefined : 'restorePriority'),
        clearNumber,
        clearData,
        configure: configureLikeGuest,
        enableIpi,
        restorePriority,
      }),
      maskAgain,
    }),
  }),
);
