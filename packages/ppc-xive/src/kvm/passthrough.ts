// What the irqbypass manager asks of KVM on POWER. Linux: book3s_hv.c kvmppc_irq_bypass_add_producer_hv, kvmppc_irq_bypass_del_producer_hv.

import {
  addProducer,
  addProducerCorrected,
  clrPassthru,
  clrPassthruCorrected,
  delProducer,
  delProducerCorrected,
  NO_IRQ,
  refusal,
  setPassthru,
  setPassthruCorrected,
} from '../protocols/passthru.ts';
import type { Context } from './context.ts';
import { runForErrno } from './run-path.ts';

/** Passthrough of one VM. Linux irqs are those of the host. */
export interface Passthrough {
  /**
   * kvmppc_set_passthru_irq: 0, also when set_mapped failed; -ENOENT, -EINVAL, -EAGAIN; 1 with the module parameter kvm_irq_bypass off. Anything but 0
   * leaves the irqfd to inject.
   */
  add(gsi: number, linuxIrq: number): number;
  /** kvmppc_clr_passthru_irq: 0, -ENODEV for a number that was never mapped, or what clr_mapped returned. */
  remove(gsi: number, linuxIrq: number): number;
  /** The same two as processes; `irqfd` is the handle of the one that waits. What would refuse the pair does so at once. */
  startAdd(irqfd: number, linuxIrq: number): number;
  startRemove(irqfd: number, linuxIrq: number): void;
}

/** Creates it. */
export function createPassthrough(ctx: Context): Passthrough {
  const { host, options, state, vm } = ctx;
  const { irqfds } = ctx.kvm.state;
  const corrected = options.esbMapping === 'corrected';
  const irqOf = (linuxIrq: number): number => {
    const index = host.indexOf(linuxIrq);
    return index < 0 ? NO_IRQ : index;
  };
  function start(protocol: object, irqfd: number, irq: number): void {
    const f = irqfds.at(irqfd);
    f.irteBusy = 1;
    ctx.processes().spawn(protocol as never, { vm, irqfd, irq, gsi: f.gsi } as never);
  }

  return {
    startAdd(irqfd, linuxIrq) {
      if (!options.bypass) return 1;
      const irq = irqOf(linuxIrq);
      const refused = refusal(state, irqfds.at(irqfd).gsi, irq);
      if (refused === 0) start(corrected ? addProducerCorrected : addProducer, irqfd, irq);
      return 0 - refused;
    },
    startRemove(irqfd, linuxIrq) {
      if (options.bypass) start(corrected ? delProducerCorrected : delProducer, irqfd, irqOf(linuxIrq));
    },
    add(gsi, linuxIrq) {
      if (!options.bypass) return 1;
      return runForErrno(ctx, corrected ? setPassthruCorrected : setPassthru, { gsi, irq: irqOf(linuxIrq) });
    },
    remove(gsi, linuxIrq) {
      if (!options.bypass) return 0;
      return runForErrno(ctx, corrected ? clrPassthruCorrected : clrPassthru, { gsi, irq: irqOf(linuxIrq) });
    },
  };
}
