// OPAL calls on interrupts: what a source is, who gets it, allocation, synchronisation. skiboot: hw/xive.c opal_xive_{get_irq_info,get/set_irq_config,allocate_irq,free_irq,sync}.

import { PQ } from '../hw/esb.ts';
import { SOURCE_KIND } from '../hw/layout.ts';
import { FIRST_IRQ, GIRQ_ESCALATION, IRQ_FLAG, MASKED, OPAL } from './codes.ts';
import type { OpalContext } from './context.ts';

/** What get_irq_info tells: flags, and whether there is a trigger page. */
export interface IrqInfo {
  readonly flags: number;
  readonly triggerPage: boolean;
  /** log2 of the size of a page, or of the pair. */
  readonly shift: number;
}

/** Target of an interrupt. `priority` is {@link MASKED} when its EAS is masked. */
export interface IrqConfig {
  readonly vp: number;
  readonly priority: number;
  readonly lirq: number;
}

/** OPAL calls on interrupts. Return codes as in {@link OPAL}. */
export interface OpalIrqs {
  /** get_irq_info: PARAMETER is null. */
  info(girq: number): IrqInfo | null;
  /** set_irq_config: never touches PQ. */
  configure(girq: number, to: IrqConfig): number;
  /** get_irq_config; null for PARAMETER. */
  config(girq: number): IrqConfig | null;
  /** allocate_irq: the number of a source nobody has, RESOURCE if there is none. */
  allocate(): number;
  free(girq: number): number;
  /** sync: 0 once nothing of the source is on its way, BUSY while something is. */
  sync(girq: number): number;
  /** Index of the hardware source of a number, -1 if it is none. */
  indexOf(girq: number): number;
  /** Number of a hardware source. */
  numberOf(index: number): number;
}

/** Creates the calls. */
export function createOpalIrqs({ xive, endOfVp, vpOfEnd, isBusy }: OpalContext): OpalIrqs {
  const { sources } = xive;
  const { ends } = xive.state;
  const indexOf = (girq: number): number => {
    const index = girq - FIRST_IRQ;
    return index >= 0 && index < sources.count ? index : -1;
  };
  const numberOf = (index: number): number => index + FIRST_IRQ;

  /** Escalation sources are named by their END; their EAS is in its words 4 and 5. */
  function configureEscalation(endIndex: number, { vp, priority, lirq }: IrqConfig): number {
    if (endIndex >= ends.length) return OPAL.PARAMETER;
    const target = endOfVp(vp, priority === MASKED ? 7 : priority);
    if (target < 0) return OPAL.PARAMETER;
    Object.assign(ends.at(endIndex), { escBlock: 0, escIndex: target, escData: lirq });
    return OPAL.SUCCESS;
  }

  return {
    indexOf,
    numberOf,
    info(girq) {
      if ((girq & GIRQ_ESCALATION) !== 0) return { flags: 0, triggerPage: false, shift: 17 };
      const index = indexOf(girq);
      if (index < 0) return null;
      const s = sources.at(index);
      const flags = (s.lsi === 1 ? IRQ_FLAG.LSI : 0) | (s.storeEoi === 1 ? IRQ_FLAG.STORE_EOI : 0);
      const triggerPage = !(s.pages === 1 && s.lsi === 1);
      return { flags: flags | (triggerPage ? IRQ_FLAG.TRIGGER_PAGE : 0), triggerPage, shift: s.pages === 2 ? 17 : 16 };
    },
    configure(girq, to) {
      if (isBusy()) return OPAL.BUSY;
      if ((girq & GIRQ_ESCALATION) !== 0) return configureEscalation(girq & ~GIRQ_ESCALATION, to);
      const index = indexOf(girq);
      if (index < 0 || (to.priority > 7 && to.priority !== MASKED)) return OPAL.PARAMETER;
      const end = endOfVp(to.vp, to.priority === MASKED ? 7 : to.priority);
      if (end < 0) return OPAL.PARAMETER;
      const s = sources.at(index);
      s.valid = 1;
      s.masked = to.priority === MASKED ? 1 : 0;
      s.endBlock = 0;
      s.endIndex = end;
      s.data = to.lirq;
      return OPAL.SUCCESS;
    },
    config(girq) {
      const index = indexOf(girq);
      if (index < 0) return null;
      const s = sources.at(index);
      const { vp, priority } = vpOfEnd(s.endIndex);
      return { vp, priority: s.masked === 1 ? MASKED : priority, lirq: s.data };
    },
    allocate() {
      if (isBusy()) return OPAL.BUSY;
      for (let index = 0; index < sources.count; index++) {
        const s = sources.at(index);
        if (s.kind !== SOURCE_KIND.FREE) continue;
        Object.assign(s, { kind: SOURCE_KIND.IPI, pages: 2, lsi: 0, pq: PQ.OFF, valid: 1, masked: 1 });
        Object.assign(s, { endBlock: 0, endIndex: 0, data: numberOf(index) });
        return numberOf(index);
      }
      return OPAL.RESOURCE;
    },
    free(girq) {
      const index = indexOf(girq);
      if (index < 0) return OPAL.PARAMETER;
      const s = sources.at(index);
      if (s.kind !== SOURCE_KIND.IPI) return OPAL.PARAMETER;
      Object.assign(s, { kind: SOURCE_KIND.FREE, pq: PQ.OFF, valid: 1, masked: 1, asserted: 0 });
      return OPAL.SUCCESS;
    },
    sync(girq) {
      const index = indexOf(girq);
      if (index < 0) return OPAL.PARAMETER;
      return sources.at(index).inFlight > 0 ? OPAL.BUSY : OPAL.SUCCESS;
    },
  };
}
