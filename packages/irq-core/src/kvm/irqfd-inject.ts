// The work item of an irqfd: raise (and lower) the GSI in process context. Linux: virt/kvm/eventfd.c irqfd_inject.

import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { kvmSetIrq, SET_IRQ_LOCALS } from './set-irq.ts';
import { SOURCE } from './sources.ts';
import type { KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** Plain irqfd: 1 then 0 from source 0. With a resampler: 1 from source 1 and nothing else. */
export const irqfdInject = protocol('irqfd_inject', SET_IRQ_LOCALS, (p) => ({
  start(m, f) {
    const irqfd = m.kvms[f.vm].state.irqfds.at(f.irqfd);
    if (irqfd.injecting === 1) return BLOCKED;
    irqfd.injectQueued = 0;
    irqfd.injecting = 1;
    f.gsi = irqfd.gsi;
    f.source = irqfd.resampler === 0 ? SOURCE.USERSPACE : SOURCE.RESAMPLER;
    f.level = 1;
    return undefined;
  },
  ...p.include('raise', kvmSetIrq),
  turn(_m, f) {
    if (f.source === SOURCE.RESAMPLER) return 'finish';
    f.level = 0;
    return undefined;
  },
  ...p.include('lower', kvmSetIrq),
  finish(m, f) {
    m.kvms[f.vm].state.irqfds.at(f.irqfd).injecting = 0;
  },
}));
