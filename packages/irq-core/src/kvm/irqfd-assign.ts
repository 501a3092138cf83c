// KVM_IRQFD, assign. Linux: virt/kvm/eventfd.c kvm_irqfd_assign.

import { u1, u8, u16, u32 } from '../arena/index.ts';
import { EAGAIN, EBUSY, EINVAL, ENOMEM } from '../errors.ts';
import { BLOCKED, DONE, protocolsOn } from '../protocol/index.ts';
import { WAITER } from './eventfd.ts';
import { activate, findActive, freeIrqfd, producersMayChange, queueInject, refreshRoute } from './irqfd-list.ts';
import { findOrCreateResampler, irqfdResamplerShutdown } from './resampler.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** `ret` is the errno as a positive number, 0 for success. */
const LOCALS = {
  vm: u8,
  resample: u1,
  ret: u8,
  old: u8,
  section: u8,
  fd: u16,
  resamplefd: u16,
  irqfd: u16,
  gsi: u32,
} as const;

type Frame = { ret: number; irqfd: number; fd: number; resamplefd: number; resample: number; gsi: number };

/** 0, or why the VM takes no such irqfd. */
function refusal(k: KvmParts, resample: boolean): number {
  if (!k.arch().intcInitialized()) return EAGAIN;
  return k.arch().irqfdAllowed(resample) ? 0 : EINVAL;
}

/** Allocates the irqfd and takes its eventfds. Returns 0 or an errno, with nothing allocated. */
function allocate(k: KvmParts, f: Frame): number {
  const handle = k.state.irqfds.alloc();
  if (handle === 0) return ENOMEM;
  const error = k.eventfds.check(f.fd) || (f.resample === 1 ? k.eventfds.check(f.resamplefd) : 0);
  if (error !== 0) {
    k.state.irqfds.free(handle);
    return -error;
  }
  f.irqfd = handle;
  const irqfd = k.state.irqfds.at(handle);
  irqfd.gsi = f.gsi;
  irqfd.eventfd = f.fd;
  k.eventfds.get(f.fd);
  if (f.resample === 0) return 0;
  irqfd.resamplefd = f.resamplefd;
  k.eventfds.get(f.resamplefd);
  return 0;
}

/** Joins or makes the GSI's resampler. Returns 0 or ENOMEM. */
function joinResampler(k: KvmParts, f: Frame): number {
  const handle = findOrCreateResampler(k, f.gsi);
  if (handle === 0) return ENOMEM;
  const irqfd = k.state.irqfds.at(f.irqfd);
  const resampler = k.state.resamplers.at(handle);
  irqfd.resampler = handle;
  irqfd.nextOfResampler = resampler.members;
  resampler.members = f.irqfd;
  return 0;
}

/** Hooks the irqfd into the eventfd's wait queue. Returns 0 or an errno. */
function hook(k: KvmParts, f: Frame): number {
  const irqfd = k.state.irqfds.at(f.irqfd);
  const sole = k.profile.irqfdExclusive === 'system';
  const waiter = k.eventfds.wait(f.fd, { kind: WAITER.IRQFD, vm: k.vm, owner: f.irqfd, exclusive: true, sole });
  if (waiter > 0) irqfd.waiter = waiter;
  return waiter < 0 ? -waiter : 0;
}

/**
 * Assigns an irqfd; errno in the kernel's order (T21–T26). That the GSI has a route is never checked. From `publish` on another CPU
 * can deassign it: the SRCU section keeps it alive until this path has let go. Linux: ≤ 6.16 enters the section inside irqfds.lock.
 */
export const kvmIrqfdAssign = protocol('kvm_irqfd_assign', LOCALS, (p) => ({
  askArch(m, f) {
    f.ret = refusal(m.kvms[f.vm], f.resample === 1);
    return f.ret === 0 ? undefined : DONE;
  },
  allocate(m, f) {
    f.ret = allocate(m.kvms[f.vm], f);
    if (f.ret !== 0) return DONE;
    return f.resample === 1 ? undefined : 'enter irq_srcu';
  },
  ...p.locked('resampler', (m, f) => m.kvms[f.vm].state.resamplerLock, {
    joinResampler(m, f) {
      f.ret = joinResampler(m.kvms[f.vm], f);
      return f.ret === 0 ? undefined : 'unlock resampler';
    },
    ...p.synchronize('members', (m, f) => m.kvms[f.vm].state.irqSrcu, 'old'),
  }),
  hasJoined: (_m, f) => (f.ret === 0 ? undefined : 'free'),
  ...p.reading('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'section', {
    ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
      refuseSecond(m, f) {
        const k = m.kvms[f.vm];
        if (k.profile.irqfdExclusive === 'system') f.ret = hook(k, f);
        else f.ret = findActive(k, f.fd) === 0 ? 0 : EBUSY;
        return f.ret === 0 ? undefined : 'unlock irqfds';
      },
      publish(m, f) {
        const k = m.kvms[f.vm];
        refreshRoute(k, k.state.irqfds.at(f.irqfd));
        activate(k, f.irqfd);
      },
    }),
    isPublished: (_m, f) => (f.ret === 0 ? undefined : 'leave irq_srcu'),
    hookIntoWaitQueue(m, f) {
      const k = m.kvms[f.vm];
      if (k.state.irqfds.at(f.irqfd).waiter === 0) hook(k, f);
    },
    serveOldCount(m, f) {
      const k = m.kvms[f.vm];
      if (k.eventfds.count(f.fd) > 0) queueInject(k, f.irqfd);
    },
    registerConsumer(m, f) {
      const k = m.kvms[f.vm];
      const irqfd = k.state.irqfds.at(f.irqfd);
      if (irqfd.consumer === 1) return irqfd.irteBusy === 1 ? BLOCKED : undefined;
      if (!producersMayChange(k)) return BLOCKED;
      const failed = k.bypass()?.registerConsumer(k.vm, f.irqfd, f.fd) ?? 0;
      irqfd.consumer = failed === 0 ? 1 : 0;
      return irqfd.irteBusy === 1 ? 'registerConsumer' : undefined;
    },
  }),
  hasSucceeded(m, f) {
    if (f.ret === 0) return DONE;
    return m.kvms[f.vm].state.irqfds.at(f.irqfd).resampler === 0 ? 'free' : undefined;
  },
  ...p.include('resampler', irqfdResamplerShutdown),
  free: (m, f) => freeIrqfd(m.kvms[f.vm], f.irqfd),
}));
