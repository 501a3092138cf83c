// Restoring sources and ICPs, also those of classic XICS, whose pending interrupt may come before its source. Linux: arch/powerpc/kvm/book3s_xive.c xive_set_source, kvmppc_xive_set_icp.

import { EIO, ENOENT, ENOMEM } from '@virq/irq-core/errors';
import type { Context } from '../kvm/context.ts';
import { type IrqState, NR_IRQS } from '../kvm/layout.ts';
import { fromGuest, MASKED } from '../kvm/priority.ts';
import { untilDone } from '../opal/until-done.ts';
import { restoreMask } from '../protocols/xics-mask.ts';
import { FIRST_IRQ, XICS_IPI } from './numbers.ts';
import { icpWord, sourceWord, wordsOf } from './words.ts';
import type { Xics } from './xics.ts';

/** What restores. */
export interface Restore {
  /** A source from a word of {@link sourceWord}: 0, -ENOENT beyond the numbers of XICS, -ENOMEM without a hardware source. */
  source(irq: number, value: bigint): number;
  /** KVM_REG_PPC_ICP_STATE of a connected vCPU: 0, -EIO while it is in the guest. */
  icp(vcpu: number, value: bigint): number;
}

/** CPPR of the words that a vCPU enters the guest with (byte 1 of word 0). */
const withCppr = (saved: bigint, cppr: number): bigint => (saved & ~(0xffn << 48n)) | (BigInt(cppr) << 48n);

/** Creates the restoring half. */
export function createRestore({ vm, state, host, processes }: Context, xics: Xics): Restore {
  const { sources, vcpus } = xics;

  /** The IPI behind a source, allocated once: false if OPAL has none left. */
  function hasIpi(s: IrqState): boolean {
    if (s.ipi !== 0) return true;
    const girq = untilDone(() => host.opal.irqs.allocate());
    s.ipi = girq < 0 ? 0 : host.opal.irqs.indexOf(girq) + 1;
    return girq >= 0;
  }

  /** xive_check_delayed_irq: an ICP has named the source before there was one. */
  function isDelayed(irq: number): boolean {
    for (let vcpu = 0; vcpu < vcpus.length && state.delayedIrqs > 0; vcpu++) {
      const v = vcpus.at(vcpu);
      if (v.valid === 0 || v.delayedIrq !== irq) continue;
      v.delayedIrq = 0;
      state.delayedIrqs--;
      return true;
    }
    return false;
  }

  /** Target of a source: one that cannot be had leaves it without, and nobody is told. */
  function target(s: IrqState, server: number, priority: number): void {
    if (priority !== MASKED && xics.provision(priority) === 0) xics.target(s, server, priority);
  }

  return {
    source(irq, value) {
      if (irq < FIRST_IRQ || irq >= NR_IRQS) return -ENOENT;
      const s = sources.create(irq);
      const { lo, hi } = wordsOf(value);
      const { destination, priority, level, masked, presented, queued, ...saved } = sourceWord.unpack(lo, hi);
      if (!hasIpi(s)) return -ENOMEM;
      processes().call(restoreMask as never, { vm, irq } as never);
      target(s, destination, fromGuest(priority));
      const pending = isDelayed(irq) ? 1 : saved.pending;
      Object.assign(s, { lsi: level, asserted: level & pending });
      Object.assign(s, { oldP: presented & ~pending, oldQ: queued | pending });
      if (masked === 1) s.guestPriority = MASKED;
      else sources.unmask(s, priority);
      s.savedPriority = priority;
      if (s.valid === 0) state.srcCount++;
      s.valid = 1;
      return 0;
    },
    icp(vcpu, value) {
      const v = vcpus.at(vcpu);
      const { lo, hi } = wordsOf(value);
      const { cppr, xisr, mfrr } = icpWord.unpack(lo, hi);
      if (v.pushed === 1) return -EIO;
      v.saved = withCppr(v.saved, cppr);
      Object.assign(v, { cppr, hwCppr: cppr, mfrr });
      if (mfrr < cppr && v.vpIpi !== 0) xics.triggerVpIpi(vcpu);
      if (xisr <= XICS_IPI) return 0;
      const s = sources.find(xisr);
      if (s !== null && s.valid === 1) sources.triggerIpi(s);
      else {
        v.delayedIrq = xisr;
        state.delayedIrqs++;
      }
      return 0;
    },
  };
}
