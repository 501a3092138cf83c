// INTx of an assigned device on the host side: who masks, where, and what undoes it. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c; MASKING.LINE for PCI 2.3 devices: the series of December 2010.

import type { HostContext } from '@virq/irq-core/backend';
import { IRQ } from '@virq/irq-core/host';
import { type AssignedDevice, type AssignmentState, MASKING } from './layout.ts';
import { KVM_DEV_IRQ } from './regs/uapi.ts';

/** INTx of all assigned devices. `i` is the index of a device; what needs intx_lock or intx_mask_lock is called with it held. */
export interface Intx {
  device(i: number): AssignedDevice;
  hostIrq(i: number): number;
  /** kvm_assigned_dev_intr_intx, all of it under intx_lock: is it ours, then mask. */
  handle(i: number): number;
  /** Masks a device that is to be masked at its line (kvm_assigned_dev_thread_intx without PCI_2_3). intx_lock. */
  maskLine(i: number): void;
  /** Undoes the mask that is recorded; true if the device asserts on and stays masked. intx_lock. */
  unmask(i: number): boolean;
  /** Raises or lowers the GSI of the guest, from the source of the device. */
  raise(i: number): void;
  lower(i: number): void;
  takesIntx(i: number): boolean;
}

/** Creates it over the state of the part. */
export function createIntx(context: HostContext, state: AssignmentState): Intx {
  const { lines, pci, kvms } = context;
  const device = (i: number): AssignedDevice => state.devices.at(i);
  const hostIrq = (i: number): number => pci.state.functions.at(i).hostIrq;
  const setGsi = (i: number, level: number): void => {
    const { vm, source, gsi } = device(i);
    kvms[vm]?.setIrq(source, gsi, level, false);
  };

  const intx: Intx = {
    device,
    hostIrq,
    handle(i) {
      const d = device(i);
      if (d.masking === MASKING.DEVICE) {
        if (!pci.checkAndMask(i)) return IRQ.NONE;
        d.hostIrqDisabled = 1;
        return IRQ.WAKE_THREAD;
      }
      if (d.hostIrqDisabled === 1 || !pci.isPending(i)) return IRQ.NONE;
      intx.maskLine(i);
      return IRQ.WAKE_THREAD;
    },
    maskLine(i) {
      lines.disable(hostIrq(i));
      device(i).hostIrqDisabled = 1;
    },
    unmask(i) {
      const d = device(i);
      if (d.hostIrqDisabled === 0) return false;
      if (d.masking === MASKING.DEVICE && !pci.checkAndUnmask(i)) return true;
      d.hostIrqDisabled = 0;
      if (d.masking === MASKING.LINE) lines.enable(hostIrq(i));
      return false;
    },
    raise: (i) => setGsi(i, 1),
    lower: (i) => setGsi(i, 0),
    takesIntx: (i) => (device(i).irqTypes & KVM_DEV_IRQ.GUEST_INTX) !== 0,
  };
  return intx;
}
