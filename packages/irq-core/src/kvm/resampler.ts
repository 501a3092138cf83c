// Level-triggered irqfds: assert until the guest's EOI, then lower once and tell every owner. Linux: virt/kvm/eventfd.c.

import { u8, u16, u32 } from '../arena/index.ts';
import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { NOTIFIER } from './notifiers.ts';
import { isGsiBusy } from './set-irq.ts';
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
  const notifier = k.notifiers.register('ackNotifiers', gsi, NOTIFIER.RESAMPLER, h);
  if (notifier < 0) {
    k.state.resamplers.free(h);
    return 0;
  }
  const r = k.state.resamplers.at(h);
  r.gsi = gsi;
  r.next = k.state.resamplerList;
  k.state.resamplerList = h;
  r.notifier = notifier;
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

/** Leaves the list of resamplers and the EOI path: from here on no new reader finds it. */
function retireResampler(k: KvmParts, handle: number): void {
  const { state } = k;
  const r = state.resamplers.at(handle);
  if (state.resamplerList === handle) state.resamplerList = r.next;
  else {
    let h = state.resamplerList;
    while (state.resamplers.at(h).next !== handle) h = state.resamplers.at(h).next;
    state.resamplers.at(h).next = r.next;
  }
  k.notifiers.unregister('ackNotifiers', r.notifier);
}

/** irqfd_resampler_shutdown: an irqfd leaves its resampler; the last one lowers the line and frees it. Holds resampler_lock throughout. */
export const irqfdResamplerShutdown = protocol('irqfd_resampler_shutdown', { vm: u8, old: u8, irqfd: u16 }, (p) => ({
  ...p.locked('resampler', (m, f) => m.kvms[f.vm].state.resamplerLock, {
    leaveResampler: (m, f) => unlinkMember(m.kvms[f.vm], f.irqfd),
    retireIfEmpty(m, f) {
      const k = m.kvms[f.vm];
      const { resampler } = k.state.irqfds.at(f.irqfd);
      if (k.state.resamplers.at(resampler).members === 0) retireResampler(k, resampler);
    },
    ...p.synchronize('members', (m, f) => m.kvms[f.vm].state.irqSrcu, 'old'),
    lowerLineIfEmpty(m, f) {
      const k = m.kvms[f.vm];
      const { resampler } = k.state.irqfds.at(f.irqfd);
      const { members, gsi } = k.state.resamplers.at(resampler);
      if (members === 0 && isGsiBusy(k, gsi)) return BLOCKED;
      k.state.irqfds.at(f.irqfd).resampler = 0;
      if (members !== 0) return undefined;
      k.setIrq(SOURCE.RESAMPLER, gsi, 0, false);
      k.state.resamplers.free(resampler);
      return undefined;
    },
  }),
}));

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

/** kvm_notify_acked_irq down to the resampler, with its interleaving points: all of it is one SRCU section. */
export const irqfdResamplerAck = protocol(
  'irqfd_resampler_ack',
  { vm: u8, section: u8, resampler: u16, member: u16, gsi: u32 },
  (p) => ({
    ...p.reading('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'section', {
      findNotifier(m, f) {
        f.resampler = findResampler(m.kvms[f.vm], f.gsi);
        return f.resampler === 0 ? 'leave irq_srcu' : undefined;
      },
      lowerLine(m, f) {
        if (isGsiBusy(m.kvms[f.vm], f.gsi)) return BLOCKED;
        m.kvms[f.vm].setIrq(SOURCE.RESAMPLER, f.gsi, 0, false);
        return undefined;
      },
      firstMember(m, f) {
        f.member = m.kvms[f.vm].state.resamplers.at(f.resampler).members;
      },
      signalMember(m, f) {
        if (f.member === 0) return undefined;
        const k = m.kvms[f.vm];
        const member = k.state.irqfds.at(f.member);
        f.member = member.nextOfResampler;
        k.eventfds.signal(member.resamplefd);
        return 'signalMember';
      },
    }),
  }),
);
