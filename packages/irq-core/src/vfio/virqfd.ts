// The unmask eventfd of INTx (a virqfd): a resamplefd of KVM ends here. Linux: drivers/vfio/virqfd.c.

import { u8 } from '../arena/index.ts';
import { EBUSY } from '../errors.ts';
import type { HostWorld } from '../host/index.ts';
import { type Eventfds, WAITER } from '../kvm/index.ts';
import { protocolsOn } from '../protocol/index.ts';
import type { Intx } from './intx.ts';
import type { VfioState } from './layout.ts';

/** A machine as VFIO's protocols see it. */
export interface VfioWorld extends HostWorld {
  readonly vfio: { readonly intx: Intx; readonly state: VfioState };
}

/**
 * vfio_send_intx_eventfd from the work item: unmask and signal again. It is deferred, because signalling the trigger from inside the
 * resamplefd's wake-up would re-enter KVM.
 */
export const virqfdInject = protocolsOn<VfioWorld>().protocol('virqfd_inject', { device: u8 }, () => ({
  unmaskAndSignal(m, f) {
    m.vfio.state.devices.at(f.device).deferredSignal = 0;
    m.vfio.intx.unmask(f.device);
  },
}));

/** Installing and removing unmask eventfds. */
export interface Virqfds {
  /** 0, the eventfd's errno, or -EBUSY when the slot is used (T159). */
  install(device: number, eventfd: number): number;
  remove(device: number): void;
}

/** Creates the virqfds; `defer` queues {@link virqfdInject}. */
export function createVirqfds(state: VfioState, eventfds: Eventfds, defer: (device: number) => void): Virqfds {
  function queue(device: number): void {
    const d = state.devices.at(device);
    if (d.deferredSignal === 1) return;
    d.deferredSignal = 1;
    defer(device);
  }

  const virqfds: Virqfds = {
    install(device, eventfd) {
      const error = eventfds.check(eventfd);
      if (error !== 0) return error;
      const d = state.devices.at(device);
      if (d.unmaskWaiter !== 0) return -EBUSY;
      const waiter = eventfds.wait(eventfd, {
        kind: WAITER.VIRQFD,
        vm: 0,
        owner: device,
        exclusive: false,
        sole: false,
      });
      if (waiter < 0) return waiter;
      d.unmask = eventfd;
      d.unmaskWaiter = waiter;
      if (eventfds.count(eventfd) > 0) queue(device);
      return 0;
    },
    remove(device) {
      const d = state.devices.at(device);
      if (d.unmaskWaiter === 0) return;
      eventfds.unwait(d.unmask, d.unmaskWaiter);
      d.unmask = d.unmaskWaiter = 0;
    },
  };
  eventfds.onWakeup(
    WAITER.VIRQFD,
    (_vm, device) => {
      eventfds.read(state.devices.at(device).unmask);
      queue(device);
      return true;
    },
    (_vm, device) => virqfds.remove(device),
  );
  return virqfds;
}
