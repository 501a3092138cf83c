// Saving sources and ICPs as classic XICS keeps them. Linux: arch/powerpc/kvm/book3s_xive.c xive_get_source, xive_pre_save_scan, kvmppc_xive_get_icp.

import { ENOENT } from '@virq/irq-core/errors';
import type { AttrPayload } from '@virq/irq-core/kvm';
import { NO_PRIORITY } from '../hw/presenter.ts';
import type { Context } from '../kvm/context.ts';
import type { IrqState } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import { preSaveMask, preSaveUnmask } from '../protocols/xics-mask.ts';
import { XICS_IPI } from './numbers.ts';
import { icpWord, sourceWord, wholeOf } from './words.ts';
import type { Xics } from './xics.ts';

/** What saves. */
export interface Save {
  /** Source as a word of {@link sourceWord}: 0, or -ENOENT for one that was never made. */
  source(irq: number, out: AttrPayload): number;
  /** KVM_REG_PPC_ICP_STATE: CPPR and MFRR; what was to be presented is in the sources. */
  icp(vcpu: number): bigint;
}

/** The word of a source, from what the scan has found. */
function encode(s: IrqState): bigint {
  const masked = s.savedScanPrio === MASKED;
  const priority = masked ? s.savedPriority : s.savedScanPrio;
  const common = { destination: s.actServer, priority, masked: masked ? 1 : 0, level: s.lsi };
  if (s.lsi === 1) return wholeOf(sourceWord.pack({ ...common, pending: s.savedP }));
  const pending = s.inQueue === 1 || (priority === MASKED && s.savedQ === 1) ? 1 : 0;
  return wholeOf(sourceWord.pack({ ...common, pending, presented: s.savedP, queued: s.savedQ }));
}

/** Creates the saving half. The first source asked for stops them all, so that nothing moves while queues are read. */
export function createSave({ vm, state, processes }: Context, xics: Xics): Save {
  const { sources, queues, vcpus, warn } = xics;
  const call = (protocol: unknown, irq: number): void => processes().call(protocol as never, { vm, irq } as never);

  /** xive_pre_save_set_queued. */
  function setQueued(irq: number): void {
    const s = sources.find(irq);
    if (s === null) return;
    if (s.valid === 0) return warn(`invalid irq 0x${irq.toString(16)} in cpu queue`);
    if (s.savedP === 0) warn(`Interrupt 0x${irq.toString(16)} is marked in a queue but P not set`);
    s.inQueue = 1;
  }

  /** xive_pre_save_queue: reads what a queue has without taking it. */
  function markQueued(vcpu: number, priority: number): void {
    const q = vcpus.at(vcpu).queues.at(priority);
    if (q.qpage === 0) return;
    const at = { idx: q.idx, toggle: q.toggle };
    for (let irq = queues.read(q, at); irq !== 0; irq = queues.read(q, at)) if (irq > XICS_IPI) setQueued(irq);
  }

  function scan(): void {
    sources.forEach((_s, irq) => void call(preSaveMask, irq));
    for (let vcpu = 0; vcpu < vcpus.length; vcpu++)
      if (vcpus.at(vcpu).valid === 1)
        for (let priority = 0; priority < vcpus.at(vcpu).queues.length; priority++) markQueued(vcpu, priority);
    sources.forEach((_s, irq) => void call(preSaveUnmask, irq));
  }

  return {
    source(irq, out) {
      const s = sources.find(irq);
      if (s === null || s.valid === 0) return -ENOENT;
      if (state.savedSrcCount === 0) scan();
      state.savedSrcCount++;
      out['value'] = encode(s);
      if (state.savedSrcCount !== state.srcCount) return 0;
      sources.forEach((each) => {
        each.inQueue = 0;
      });
      state.savedSrcCount = 0;
      return 0;
    },
    icp(vcpu) {
      const { cppr, mfrr } = vcpus.at(vcpu);
      return wholeOf(icpWord.pack({ cppr, mfrr, pendingPriority: NO_PRIORITY }));
    },
  };
}
