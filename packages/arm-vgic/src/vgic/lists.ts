// The VM as the ap_list paths see it.

import { ARM_REQ, type Context } from '../context.ts';
import type { Lpis } from '../its/lpis.ts';
import type { VgicLists } from '../lists/world.ts';
import { createPlain } from '../plain/index.ts';
import type { IrqTable } from './irqs.ts';

/** What the lists ask of rooms above them. */
export interface ListsHost {
  readonly irqs: IrqTable;
  readonly lpis: Lpis;
  /** A guest's write of one bit to ICACTIVER. */
  writeIcactiver(vcpu: number, intid: number): void;
  hasVlpi(vcpu: number): boolean;
}

/** Binds the lists of a VM. */
export function bindLists(ctx: Context, { irqs, lpis, writeIcactiver, hasVlpi }: ListsHost): VgicLists {
  const { state, kvm, options, host, profile } = ctx;
  const { dist } = state;
  const { vcpus } = kvm;
  const notifyAcked = (pin: number): void => kvm.notifyAckedIrq(0, pin);
  return {
    form: profile.lr,
    host: options.host,
    get v2() {
      return dist.model === 2;
    },
    nrLr: options.nrLr,
    get spis() {
      return dist.nrSpis;
    },
    isSingleBit: options.pendingState === 'single',
    hasTdir: options.tdir,
    irqs,
    plain: createPlain(state, {
      ...{ form: profile.lr, host: options.host, nrLr: options.nrLr, hasTdir: options.tdir },
      ...{ find: irqs.find, notifyAcked },
    }),
    apLists: state.irqs.apLists,
    interfaces: state.interfaces,
    counters: dist,
    physical: host,
    isDistributorEnabled: () => dist.enabled === 1,
    maskOf: (vcpu) => state.run.at(vcpu).pmr,
    hasVlpi,
    idOf: (vcpu) => state.redists.at(vcpu).id,
    find: irqs.find,
    getRef(handle) {
      const lpi = irqs.lpiOf(handle);
      if (lpi !== 0) lpis.hold(lpi);
    },
    putRef(handle) {
      const lpi = irqs.lpiOf(handle);
      if (lpi !== 0) lpis.put(lpi);
    },
    kick: (vcpu) => vcpus.notify(vcpu, ARM_REQ.IRQ_PENDING),
    kickAll() {
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) vcpus.notify(vcpu, ARM_REQ.IRQ_PENDING);
    },
    requestPrune: (vcpu) => vcpus.request(vcpu, ARM_REQ.VGIC_PROCESS_UPDATE),
    writeIcactiver,
    notifyAcked,
  };
}
