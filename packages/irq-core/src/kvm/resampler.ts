// Level-triggered irqfds: assert until the guest's EOI, then lower once and tell every owner. Linux: virt/kvm/eventfd.c.

import { u8, u16 } from '../arena/index.ts';
import { DONE, protocolsOn } from '../protocol/index.ts';
import { NOTIFIER } from './notifiers.ts';
import { SOURCE } from './sources.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** Handle of the resampler of a GSI, 0 if there is none. */
export function findResampler(k: KvmParts, gsi: number): number {
  let h = k.state.resamplerList;
  while (h !== 0 && k.state.resamplers.at(h).gsi !== gsi) h = k.state.resamplers.at(h).next;
  return h;
}

/** The resampler of a GSI, made and registered with the EOI path on first need. 0 when the pool is exhausted. */
export function findOrCreateResampler(k: KvmParts, gsi: number): number {
  const known = findResampler(k, gsi);
  if (known !== 0) return known;
  const h = k.state.resamplers.alloc();
  if (h === 0) return 0;
  const r = k.state.resamplers.at(h);
  r.gsi = gsi;
  r.next = k.state.resamplerList;
  k.state.resamplerList = h;
  r.notifier = k.notifiers.register('ackNotifiers', gsi, NOTIFIER.RESAMPLER, h);
  return h;
}

/** Removes an irqfd from its resampler's list of members. */
export function unlinkMember(k: KvmParts, irqfd: number): void {
  const { irqfds, resamplers } = k.state;
  const r = resamplers.at(irqfds.at(irqfd).resampler);
  if (r.members === irqfd) r.members = irqfds.at(irqfd).nextOfResampler;
  else {
    let h = r.members;
    while (irqfds.at(h).nextOfResampler !== irqfd) h = irqfds.at(h).nextOfResampler;
    irqfds.at(h).nextOfResampler = irqfds.at(irqfd).nextOfResampler;
  }
}

/** The last member has gone: leave the list and the EOI path, lower the line, free. */
export function destroyResampler(k: KvmParts, handle: number): void {
  const { state } = k;
  const r = state.resamplers.at(handle);
  if (state.resamplerList === handle) state.resamplerList = r.next;
  else {
    let h = state.resamplerList;
    while (state.resamplers.at(h).next !== handle) h = state.resamplers.at(h).next;
    state.resamplers.at(h).next = r.next;
  }
  k.notifiers.unregister('ackNotifiers', r.notifier);
  k.setIrq(SOURCE.RESAMPLER, r.gsi, 0, false);
  state.resamplers.free(handle);
}

/** irqfd_resampler_notify: signals the resamplefd of every member, also of those whose device did not assert. */
export function notifyMembers(k: KvmParts, resampler: number): void {
  const { irqfds, resamplers } = k.state;
  for (let h = resamplers.at(resampler).members; h !== 0; ) {
    const member = irqfds.at(h);
    h = member.nextOfResampler;
    k.eventfds.signal(member.resamplefd);
  }
}

/** irqfd_resampler_ack in one go: lower the line exactly once, then signal; an owner may re-assert at once. */
export function resamplerAck(k: KvmParts, resampler: number): void {
  k.setIrq(SOURCE.RESAMPLER, k.state.resamplers.at(resampler).gsi, 0, false);
  notifyMembers(k, resampler);
}

/** The same with its interleaving points, for `check`. */
export const irqfdResamplerAck = protocol(
  'irqfd_resampler_ack',
  { vm: u8, section: u8, resampler: u16, member: u16 },
  (p) => ({
    lowerLine(m, f) {
      const k = m.kvms[f.vm];
      k.setIrq(SOURCE.RESAMPLER, k.state.resamplers.at(f.resampler).gsi, 0, false);
    },
    ...p.reading('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'section', {
      firstMember(m, f) {
        f.member = m.kvms[f.vm].state.resamplers.at(f.resampler).members;
      },
      signalMember(m, f) {
        if (f.member === 0) return 'leave irq_srcu';
        const k = m.kvms[f.vm];
        const member = k.state.irqfds.at(f.member);
        f.member = member.nextOfResampler;
        k.eventfds.signal(member.resamplefd);
        return 'signalMember';
      },
    }),
    end: () => DONE,
  }),
);
