// INTx of a passed-through PCI function: automask, unmask with a second look, the guest's own view of the mask. Linux: drivers/vfio/pci/vfio_pci_intrs.c.

import { EINVAL, ENODEV } from '../errors.ts';
import { type ActionKind, type Host, IRQ, IRQF } from '../host/index.ts';
import type { Eventfds } from '../kvm/index.ts';
import type { Pci } from '../pci/index.ts';
import { DEVICE_KIND, IRQ_TYPE, type VfioDevice, type VfioState } from './layout.ts';
import { exchange } from './trigger.ts';

/** Action kinds of VFIO on host lines. */
export const VFIO_ACTION = { INTX: 16, MSI: 17, PLATFORM: 18 } as const;

/** INTx of one host's VFIO devices. */
export interface Intx {
  /** Handler function of vfio-intx, for the host lines. */
  readonly action: ActionKind;
  /** Steps of `vfio_intx_enable` (VFIO_IRQ_SET_ACTION_TRIGGER with an eventfd, from nothing): 0 or negative errno. */
  prepare(device: number, trigger: number): number;
  request(device: number, flags?: number): number;
  enableUnlessMasked(device: number): void;
  disable(device: number): void;
  mask(device: number): void;
  /** Unmask, of a platform device too; re-signals the trigger when the device still asserts. */
  unmask(device: number): void;
  /** The guest writes COMMAND bit 10, which VFIO keeps virtual. */
  guestDisIntx(device: number, disabled: boolean): void;
}

/** What {@link createIntx} needs. */
export interface IntxParts {
  readonly state: VfioState;
  readonly host: Host;
  readonly pci: Pci;
  readonly eventfds: Eventfds;
  /** Name in /proc/interrupts. */
  name(device: number): string;
}

/** Creates the INTx side of all devices. */
export function createIntx({ state, host, pci, eventfds, name }: IntxParts): Intx {
  const device = (i: number): VfioDevice => state.devices.at(i);
  /** Masks at the device where DisINTx works, else at the line. */
  const byDevice = (d: VfioDevice): boolean => d.kind === DEVICE_KIND.PCI && d.pci23 === 1;
  const signal = (d: VfioDevice): void => {
    if (d.trigger !== 0 && d.virqDisabled === 0) eventfds.signal(d.trigger);
  };

  /** vfio_intx_handler: signals only what it masked itself; on a shared line a device that is quiet or masked answers NONE (T150, T151). */
  function handle(i: number): number {
    const d = device(i);
    if (byDevice(d)) {
      if (d.masked === 1 || !pci.checkAndMask(i)) return IRQ.NONE;
    } else host.disable(d.hostIrq);
    d.masked = 1;
    signal(d);
    return IRQ.HANDLED;
  }

  function applyMask(i: number): void {
    const d = device(i);
    if (d.masked === 1) return;
    d.masked = 1;
    if (byDevice(d)) pci.intx(i, false);
    else host.disable(d.hostIrq);
  }

  /** vfio_pci_intx_unmask_handler: true if the device is pending, so that the trigger must be signalled again. */
  function unmaskHandler(i: number): boolean {
    const d = device(i);
    if (d.masked === 0 || d.virqDisabled === 1) return false;
    if (!byDevice(d)) {
      d.masked = 0;
      host.enable(d.hostIrq);
      return false;
    }
    // Cleared first: lowering DisINTx may fire the handler at once, which must find the device unmasked.
    if (pci.isPending(i)) return true;
    d.masked = 0;
    pci.checkAndUnmask(i);
    return false;
  }

  return {
    action: { name, handle },
    prepare(i, trigger) {
      const d = device(i);
      if (d.irqType !== IRQ_TYPE.NONE) return -EINVAL;
      if (d.hostIrq === 0) return -ENODEV;
      d.masked = d.virqDisabled;
      d.trigger = exchange(eventfds, d.trigger, trigger);
      d.irqType = IRQ_TYPE.INTX;
      if (byDevice(d)) pci.intx(i, d.masked === 0);
      else host.setUnlazy(d.hostIrq, true);
      return 0;
    },
    request(i, flags) {
      const d = device(i);
      const preset = byDevice(d) ? IRQF.SHARED : IRQF.NO_AUTOEN;
      const failed = host.request({ irq: d.hostIrq, flags: flags ?? preset, kind: VFIO_ACTION.INTX, owner: i });
      if (failed === 0) return 0;
      d.irqType = IRQ_TYPE.NONE;
      d.trigger = exchange(eventfds, d.trigger, 0);
      return failed;
    },
    enableUnlessMasked(i) {
      const d = device(i);
      if (!byDevice(d) && d.masked === 0) host.enable(d.hostIrq);
    },
    disable(i) {
      const d = device(i);
      if (d.irqType !== IRQ_TYPE.INTX) return;
      host.free(d.hostIrq, VFIO_ACTION.INTX, i);
      d.irqType = IRQ_TYPE.NONE;
      d.trigger = exchange(eventfds, d.trigger, 0);
      d.masked = 0;
      if (d.noIntx === 1) pci.intx(i, false);
    },
    mask: applyMask,
    unmask(i) {
      if (unmaskHandler(i)) signal(device(i));
    },
    guestDisIntx(i, disabled) {
      const d = device(i);
      if (d.irqType !== IRQ_TYPE.INTX) {
        d.virqDisabled = disabled ? 1 : 0;
        if (d.pci23 === 1) pci.intx(i, !disabled);
        return;
      }
      d.virqDisabled = disabled ? 1 : 0;
      if (disabled) applyMask(i);
      else if (unmaskHandler(i)) signal(d);
    },
  };
}
