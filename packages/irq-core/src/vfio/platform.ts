// The interrupt of a platform device: its own mask beside the trigger that turns it on. Linux: drivers/vfio/platform/vfio_platform_irq.c.

import { EBADF, EINVAL } from '../errors.ts';
import { type ActionKind, type Host, IRQ, IRQF } from '../host/index.ts';
import type { Eventfds } from '../kvm/index.ts';
import { IRQ_TYPE, type VfioDevice, type VfioState } from './layout.ts';
import { ACTION, DATA, type SetIrqs } from './set-irqs.ts';
import { exchange } from './trigger.ts';
import type { Virqfds } from './virqfd.ts';

/** Interrupts of one host's platform devices: one each, maskable and automasked unless it is an edge. */
export interface Platform {
  /** vfio_automasked_irq_handler and vfio_irq_handler. */
  readonly action: ActionKind;
  /** vfio_platform_irq_init: the irq is requested, and off. An error is kept for those who want to use it. */
  open(device: number): void;
  /** vfio_platform_irq_cleanup. */
  close(device: number): void;
  /** vfio_platform_set_irqs_ioctl: 0 or negative errno. */
  setIrqs(device: number, request: SetIrqs): number;
}

/** What {@link createPlatform} needs. */
export interface PlatformParts {
  readonly state: VfioState;
  readonly host: Host;
  readonly eventfds: Eventfds;
  readonly virqfds: Virqfds;
  /** Kind of {@link Platform.action} on host lines. */
  readonly kind: number;
  /** Name in /proc/interrupts. */
  name(device: number): string;
}

/** Creates the platform side of all devices. */
export function createPlatform({ state, host, eventfds, virqfds, kind, name }: PlatformParts): Platform {
  const device = (i: number): VfioDevice => state.devices.at(i);
  const isMaskable = (d: VfioDevice): boolean => d.edge === 0;

  function mask(d: VfioDevice): boolean {
    if (d.masked === 1) return false;
    host.disable(d.hostIrq);
    d.masked = 1;
    return true;
  }

  function unmask(d: VfioDevice): void {
    if (d.masked === 0) return;
    d.masked = 0;
    host.enable(d.hostIrq);
  }

  /** Masks what is not masked yet and signals; one that is masked is nobody's interrupt. */
  function handle(i: number): number {
    const d = device(i);
    if (isMaskable(d) && !mask(d)) return IRQ.NONE;
    if (d.trigger !== 0) eventfds.signal(d.trigger);
    return IRQ.HANDLED;
  }

  /** vfio_set_trigger. The mask is a second disable below the trigger's: it outlives a change of the trigger. */
  function setTrigger(d: VfioDevice, fd: number): number {
    if (d.trigger !== 0) {
      host.disable(d.hostIrq);
      d.trigger = exchange(eventfds, d.trigger, 0);
      d.irqType = IRQ_TYPE.NONE;
    }
    if (fd < 0) return 0;
    const error = eventfds.check(fd);
    if (error !== 0) return error;
    d.trigger = exchange(eventfds, 0, fd);
    d.irqType = IRQ_TYPE.INTX;
    host.enable(d.hostIrq);
    return 0;
  }

  /** DATA_NONE, or DATA_BOOL of 1. */
  const isMeant = (r: SetIrqs): boolean => (r.flags & DATA.NONE) !== 0 || r.data[0] === 1;

  function triggerBy(i: number, r: SetIrqs): number {
    if (r.count === 0 && (r.flags & DATA.NONE) !== 0) return setTrigger(device(i), -1);
    if (r.start !== 0 || r.count !== 1) return -EINVAL;
    if ((r.flags & DATA.EVENTFD) !== 0) return setTrigger(device(i), r.data[0] as number);
    if (isMeant(r)) handle(i);
    return 0;
  }

  function unmaskBy(i: number, r: SetIrqs): number {
    if ((r.flags & DATA.EVENTFD) === 0) {
      if (isMeant(r)) unmask(device(i));
      return 0;
    }
    const fd = r.data[0] as number;
    if (fd >= 0) return virqfds.install(i, fd);
    virqfds.remove(i);
    return 0;
  }

  return {
    action: { name, handle },
    open(i) {
      const d = device(i);
      if (d.hostIrq === 0) return;
      d.irqError = -host.request({ irq: d.hostIrq, flags: IRQF.NO_AUTOEN, kind, owner: i });
      d.masked = 0;
    },
    close(i) {
      const d = device(i);
      if (d.hostIrq === 0 || d.opened === 0) return;
      if (d.irqError === 0) host.free(d.hostIrq, kind, i);
      d.trigger = exchange(eventfds, d.trigger, 0);
      Object.assign(d, { irqType: IRQ_TYPE.NONE, masked: 0, irqError: 0 });
    },
    setIrqs(i, r) {
      const d = device(i);
      if (d.opened === 0) return -EBADF;
      if (d.irqError !== 0) return -d.irqError;
      if ((r.flags & ACTION.TRIGGER) !== 0) return triggerBy(i, r);
      if (r.start !== 0 || r.count !== 1 || !isMaskable(d)) return -EINVAL;
      if ((r.flags & ACTION.UNMASK) !== 0) return unmaskBy(i, r);
      if (isMeant(r)) mask(d);
      return 0;
    },
  };
}
