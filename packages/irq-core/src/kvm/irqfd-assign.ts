// KVM_IRQFD, assign. Linux: virt/kvm/eventfd.c kvm_irqfd_assign.

import { u1, u8, u16, u32 } from '../arena/index.ts';
import { EAGAIN, EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import { DONE, protocolsOn } from '../protocol/index.ts';
import { WAITER } from './eventfd.ts';
import { activate, findActive, queueInject, refreshRoute } from './irqfd-list.ts';
import { destroyResampler, findOrCreateResampler, unlinkMember } from './resampler.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** `ret` is the errno as a positive number, 0 for success. */
const LOCALS = { vm: u8, resample: u1, ret: u8, old: u8, fd: u16, resamplefd: u16, irqfd: u16, gsi: u32 } as const;

type Frame = { ret: number; irqfd: number; vm: number };

/** Gives up with an errno; whatever was set up before goes. */
function fail(k: KvmParts, f: Frame, ret: number): typeof DONE {
  f.ret = Math.abs(ret);
  if (f.irqfd === 0) return DONE;
  const { irqfds, resamplers } = k.state;
  const { resampler } = irqfds.at(f.irqfd);
  if (resampler !== 0) {
    unlinkMember(k, f.irqfd);
    if (resamplers.at(resampler).members === 0) destroyResampler(k, resampler);
  }
  irqfds.free(f.irqfd);
  return DONE;
}

/** Hooks the irqfd into the eventfd's wait queue. Returns 0 or negative errno. */
function hook(k: KvmParts, f: Frame & { fd: number }): number {
  const irqfd = k.state.irqfds.at(f.irqfd);
  if (irqfd.waiter !== 0) return 0;
  const sole = k.profile.irqfdExclusive === 'system';
  const waiter = k.eventfds.wait(f.fd, { kind: WAITER.IRQFD, vm: k.vm, owner: f.irqfd, exclusive: true, sole });
  if (waiter > 0) irqfd.waiter = waiter;
  return Math.min(0, waiter);
}

/** Assigns an irqfd; errno in the kernel's order (T21–T26). That the GSI has a route is never checked. */
export const kvmIrqfdAssign = protocol('kvm_irqfd_assign', LOCALS, (p) => ({
  askArch(m, f) {
    const k = m.kvms[f.vm];
    if (!k.arch().intcInitialized()) return fail(k, f, EAGAIN);
    return k.arch().irqfdAllowed(f.resample === 1) ? undefined : fail(k, f, EINVAL);
  },
  allocate(m, f) {
    const k = m.kvms[f.vm];
    f.irqfd = k.state.irqfds.alloc();
    if (f.irqfd === 0) return fail(k, f, ENOMEM);
    const error = k.eventfds.check(f.fd) || (f.resample === 1 ? k.eventfds.check(f.resamplefd) : 0);
    if (error !== 0) return fail(k, f, error);
    const irqfd = k.state.irqfds.at(f.irqfd);
    irqfd.gsi = f.gsi;
    irqfd.eventfd = f.fd;
    return f.resample === 1 ? undefined : 'lock irqfds';
  },
  ...p.locked('resampler', (m, f) => m.kvms[f.vm].state.resamplerLock, {
    joinResampler(m, f) {
      const k = m.kvms[f.vm];
      const irqfd = k.state.irqfds.at(f.irqfd);
      irqfd.resamplefd = f.resamplefd;
      irqfd.resampler = findOrCreateResampler(k, f.gsi);
      const resampler = k.state.resamplers.at(irqfd.resampler);
      irqfd.nextOfResampler = resampler.members;
      resampler.members = f.irqfd;
    },
  }),
  ...p.synchronize('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'old'),
  ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
    refuseSecond(m, f) {
      const k = m.kvms[f.vm];
      if (k.profile.irqfdExclusive === 'vm') f.ret = findActive(k, f.fd) === 0 ? 0 : EBUSY;
      else f.ret = 0 - hook(k, f);
      return f.ret === 0 ? undefined : 'unlock irqfds';
    },
    publish(m, f) {
      const k = m.kvms[f.vm];
      refreshRoute(k, k.state.irqfds.at(f.irqfd));
      activate(k, f.irqfd);
    },
  }),
  giveUpIfRefused: (m, f) => (f.ret === 0 ? undefined : fail(m.kvms[f.vm], f, f.ret)),
  hookIntoWaitQueue(m, f) {
    hook(m.kvms[f.vm], f);
  },
  serveOldCount(m, f) {
    const k = m.kvms[f.vm];
    if (k.eventfds.count(f.fd) > 0) queueInject(k, f.irqfd);
  },
  registerConsumer(m, f) {
    const k = m.kvms[f.vm];
    const failed = k.bypass()?.registerConsumer(k.vm, f.irqfd, f.fd) ?? 0;
    k.state.irqfds.at(f.irqfd).consumer = failed === 0 ? 1 : 0;
  },
}));
