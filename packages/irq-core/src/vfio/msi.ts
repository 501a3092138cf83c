// MSI and MSI-X of a passed-through function: vectors, triggers, bypass producers. Linux: drivers/vfio/pci/vfio_pci_intrs.c.

import type { Bypass } from '../bypass/index.ts';
import { EINVAL } from '../errors.ts';
import type { Host, Remapper } from '../host/index.ts';
import type { Eventfds } from '../kvm/index.ts';
import { IRQ_TYPE, irqTypeOf, type VfioDevice, type VfioState } from './layout.ts';
import { exchange } from './trigger.ts';

/** Message-signalled interrupts of one host's VFIO devices. */
export interface VfioMsi {
  /** Sets the trigger eventfds of vectors from `start`: all or nothing. fd -1 removes. Returns 0, negative errno, or the number of vectors available when fewer than asked (T157). */
  setBlock(device: number, index: number, start: number, fds: readonly number[]): number;
  disable(device: number): void;
  /** The function sends a vector. A masked MSI-X vector sets its pending bit instead. */
  raise(device: number, vector: number): void;
  setMaskBit(device: number, vector: number, masked: boolean): void;
  /** vfio_msihandler: the host has got the vector's interrupt in a way of its own. */
  handle(device: number, vector: number): void;
}

/** What {@link createVfioMsi} needs. */
export interface VfioMsiParts {
  readonly state: VfioState;
  readonly host: Host;
  readonly eventfds: Eventfds;
  readonly bypass: Bypass;
  /** Vectors the device has per index, and the Linux irq of a vector. */
  available(device: number): number;
  irqOf(device: number, vector: number): number;
  remapper(): Remapper | null;
  /** vfio_msihandler is entered. */
  handled(device: number, vector: number): void;
}

/** Creates the MSI side of all devices. */
export function createVfioMsi({ state, eventfds, bypass, available, irqOf, remapper, handled }: VfioMsiParts): VfioMsi {
  const device = (i: number): VfioDevice => state.devices.at(i);

  /** The message leaves the device: through the IOMMU, if there is one, to vfio_msihandler, unless it is posted. */
  function send(i: number, vector: number): void {
    const v = device(i).vectors.at(vector);
    if (v.enabled === 0) return;
    const end = remapper()?.deliver(v.hostIrq) ?? 'host';
    if (end !== 'host') return;
    handled(i, vector);
    eventfds.signal(v.trigger);
  }

  function clear(d: VfioDevice, vector: number): void {
    const v = d.vectors.at(vector);
    if (v.enabled === 0) return;
    if (v.producer !== 0) bypass.unregisterProducer(v.producer);
    v.trigger = exchange(eventfds, v.trigger, 0);
    v.enabled = v.producer = 0;
    remapper()?.unmap(v.hostIrq);
  }

  /** vfio_msi_set_vector_signal: drops the old trigger, then installs the new one with its producer (whose failure is only logged). */
  function setSignal(i: number, vector: number, fd: number): number {
    const d = device(i);
    clear(d, vector);
    if (fd < 0) return 0;
    const error = eventfds.check(fd);
    if (error !== 0) return error;
    const v = d.vectors.at(vector);
    v.hostIrq = irqOf(i, vector);
    v.trigger = exchange(eventfds, v.trigger, fd);
    v.enabled = 1;
    remapper()?.map(v.hostIrq, i, vector);
    v.producer = Math.max(0, bypass.registerProducer(fd, v.hostIrq, (i << 8) | vector));
    return 0;
  }

  /** vfio_msi_set_block: a failure takes the vectors of this call down again (T158). */
  function block(i: number, start: number, fds: readonly number[]): number {
    for (const [n, fd] of fds.entries()) {
      const failed = setSignal(i, start + n, fd);
      if (failed === 0) continue;
      for (let k = 0; k <= n; k++) clear(device(i), start + k);
      return failed;
    }
    return 0;
  }

  function disable(i: number): void {
    const d = device(i);
    for (let v = 0; v < d.vectors.length; v++) clear(d, v);
    if (d.irqType !== IRQ_TYPE.INTX) d.irqType = IRQ_TYPE.NONE;
    d.vectorsEnabled = 0;
  }

  return {
    setBlock(i, index, start, fds) {
      const d = device(i);
      const type = irqTypeOf(index);
      if (d.irqType === type) return block(i, start, fds);
      if (d.irqType !== IRQ_TYPE.NONE) return -EINVAL;
      const wanted = start + fds.length;
      if (wanted > available(i)) return available(i);
      d.irqType = type;
      d.vectorsEnabled = wanted;
      const failed = block(i, start, fds);
      if (failed < 0) disable(i);
      return failed;
    },
    disable,
    handle(i, vector) {
      const v = device(i).vectors.at(vector);
      if (v.enabled === 0) return;
      handled(i, vector);
      eventfds.signal(v.trigger);
    },
    raise(i, vector) {
      const v = device(i).vectors.at(vector);
      if (v.maskBit === 1) v.pendingBit = 1;
      else send(i, vector);
    },
    setMaskBit(i, vector, masked) {
      const v = device(i).vectors.at(vector);
      v.maskBit = masked ? 1 : 0;
      if (masked || v.pendingBit === 0) return;
      v.pendingBit = 0;
      send(i, vector);
    },
  };
}
