// The ioctls of KVM's own device assignment. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c kvm_vm_ioctl_assigned_device.

import type { HostContext } from '@virq/irq-core/backend';
import { EBUSY, EEXIST, EFAULT, EINVAL, EIO, ENODEV, ENOMEM, ENXIO, EPERM } from '@virq/irq-core/errors';
import { type Host, IRQF } from '@virq/irq-core/host';
import { freeIrqSourceId, type Kvm, requestIrqSourceId } from '@virq/irq-core/kvm';
import type { Pci } from '@virq/irq-core/pci';
import { ASSIGNED_ACTION, ASSIGNED_NOTIFIER } from './actions.ts';
import { createIntx, type Intx } from './intx.ts';
import { type AssignedDevice, type AssignmentState, MASKING } from './layout.ts';
import { kvmAssignedDevAckIrq } from './protocols/ack.ts';
import { kvmSetPciIrqMask, kvmSetPciIrqMaskLinux } from './protocols/guest-mask.ts';
import { kvmAssignedDevThreadIntx, kvmAssignedDevThreadLine } from './protocols/host-interrupt.ts';
import { kvmDeassignHostIntx } from './protocols/release.ts';
import { switchMasking } from './protocols/sharing.ts';
import { KVM_DEV_ASSIGN, KVM_DEV_IRQ } from './regs/uapi.ts';

/** struct kvm_assigned_pci_dev, with the host's function found already: -1 for none. */
export interface AssignPciDev {
  readonly device: number;
  readonly id: number;
  readonly flags: number;
  /** The caller may read and write the resource files of all BARs in sysfs. */
  readonly mayAccess: boolean;
}

/** struct kvm_assigned_irq. */
export interface AssignIrq {
  readonly id: number;
  readonly flags: number;
  readonly gsi: number;
}

/** The ioctls, per VM. Return values are 0 or negative errno. */
export interface Assignment {
  readonly state: AssignmentState;
  readonly host: Host;
  readonly pci: Pci;
  readonly intx: Intx;
  name(device: number): string;
  /** A VM comes into being: its EOIs reach the devices. */
  addVm(kvm: Kvm): void;
  assignDevice(vm: number, dev: AssignPciDev): number;
  deassignDevice(vm: number, id: number): number;
  assignIrq(vm: number, irq: AssignIrq): number;
  deassignIrq(vm: number, irq: Omit<AssignIrq, 'gsi'>): number;
  setIntxMask(vm: number, dev: { readonly id: number; readonly flags: number }): number;
  /** The function sends its MSI (kvm_assigned_dev_msi). */
  msi(device: number): void;
}

const oneOrNone = (flags: number): boolean => (flags & (flags - 1)) === 0;

/** Creates the part's object. */
export function createAssignment(context: HostContext, state: AssignmentState): Assignment {
  const { lines, pci, vfio, kvms, options } = context;
  const intx = createIntx(context, state);
  const device = (i: number): AssignedDevice => state.devices.at(i);
  const onDemand = options['intx_masking'] === 'on-demand';
  const setMask = options['set_intx_mask'] === 'stored' ? kvmSetPciIrqMask : kvmSetPciIrqMaskLinux;
  const begin = (protocol: object, args: object): void => context.processes().begin(protocol as never, args as never);
  const name = (i: number): string => `kvm:${vfio.specs[i]?.name}`;
  const busy = (i: number): boolean => device(i).intxLock.holder !== 0;

  lines.onAction(ASSIGNED_ACTION.PCI_2_3, {
    name,
    busy,
    handle: intx.handle,
    thread: kvmAssignedDevThreadIntx as never,
    sharing(i) {
      if (!onDemand) return;
      device(i).switches++;
      begin(switchMasking, { device: i });
    },
  });
  lines.onAction(ASSIGNED_ACTION.EXCLUSIVE, { name, handle: intx.handle, thread: kvmAssignedDevThreadLine as never });

  /** kvm_find_assigned_dev: -1 if the VM has none of that id. */
  function find(vm: number, id: number): number {
    for (let i = 0; i < state.devices.length; i++) {
      const d = device(i);
      if (d.assigned === 1 && d.vm === vm && d.id === id) return i;
    }
    return -1;
  }

  const hasIrqchip = (vm: number): boolean => kvms[vm]?.arch().canSetIrqRouting() === true;
  const kindOf = (d: AssignedDevice): number => (d.pci23 === 1 ? ASSIGNED_ACTION.PCI_2_3 : ASSIGNED_ACTION.EXCLUSIVE);

  /** assigned_device_enable_host_intx. */
  function requestIntx(i: number): number {
    const d = device(i);
    const irq = intx.hostIrq(i);
    const alone = irq === 0 || lines.actions(irq).length === 0;
    d.masking = d.pci23 === 0 || (onDemand && alone) ? MASKING.LINE : MASKING.DEVICE;
    const threadedOnly = d.pci23 === 0;
    const flags = threadedOnly ? IRQF.ONESHOT : IRQF.SHARED;
    if (irq === 0 || lines.request({ irq, flags, kind: kindOf(d), owner: i, threadedOnly }) !== 0) return -EIO;
    if (d.pci23 === 1) pci.intx(i, true);
    return 0;
  }

  /** assign_host_irq. Abstraction: MSI-X needs KVM_ASSIGN_SET_MSIX_NR, which is not modelled, and is refused as without it. */
  function assignHost(i: number, type: number): number {
    const d = device(i);
    if ((d.irqTypes & KVM_DEV_IRQ.HOST_MASK) !== 0) return -EEXIST;
    d.hostIrqDisabled = 0;
    const isMsi = type === KVM_DEV_IRQ.HOST_MSI && (vfio.specs[i]?.msi ?? 0) > 0;
    const ret = type === KVM_DEV_IRQ.HOST_INTX ? requestIntx(i) : isMsi ? 0 : -EINVAL;
    if (ret !== 0) return ret;
    if (isMsi) pci.setMessage(i, 1);
    d.irqTypes |= type;
    return 0;
  }

  /** assign_guest_irq: a source of its own, and for INTx a notifier on the EOI of the GSI. */
  function assignGuest(i: number, type: number, gsi: number): number {
    const d = device(i);
    const kvm = kvms[d.vm] as Kvm;
    if ((d.irqTypes & KVM_DEV_IRQ.GUEST_MASK) !== 0) return -EEXIST;
    const source = requestIrqSourceId(kvm.state);
    if (source < 0) return -EFAULT;
    d.source = source;
    d.gsi = gsi;
    d.irqTypes |= type;
    if (type !== KVM_DEV_IRQ.GUEST_INTX) return 0;
    const notifier = kvm.notifiers.register('ackNotifiers', gsi, ASSIGNED_NOTIFIER, i);
    if (notifier < 0) return -ENOMEM;
    d.ackNotifier = notifier;
    return 0;
  }

  function deassignHost(i: number): void {
    const d = device(i);
    if ((d.irqTypes & KVM_DEV_IRQ.HOST_INTX) !== 0) begin(kvmDeassignHostIntx, { device: i, kind: kindOf(d) });
    else pci.setMessage(i, 0);
    d.irqTypes &= ~KVM_DEV_IRQ.HOST_MASK;
  }

  function deassignGuest(i: number): void {
    const d = device(i);
    const kvm = kvms[d.vm] as Kvm;
    if (d.ackNotifier !== 0) kvm.notifiers.unregister('ackNotifiers', d.ackNotifier);
    intx.lower(i);
    freeIrqSourceId(kvm.state, d.source, (id) => kvm.arch().clearSource(id));
    d.ackNotifier = d.source = 0;
    d.irqTypes &= ~KVM_DEV_IRQ.GUEST_MASK;
  }

  /** kvm_deassign_irq. */
  function deassign(i: number, types: number): void {
    if ((types & KVM_DEV_IRQ.HOST_MASK) !== 0) deassignHost(i);
    if ((types & KVM_DEV_IRQ.GUEST_MASK) !== 0) deassignGuest(i);
  }

  return {
    state,
    host: lines,
    pci,
    intx,
    name,
    addVm(kvm) {
      kvm.notifiers.handle(ASSIGNED_NOTIFIER, (i) => {
        intx.lower(i);
        device(i).acks++;
        begin(kvmAssignedDevAckIrq, { device: i });
      });
    },
    assignDevice(vm, { device: i, id, flags, mayAccess }) {
      if ((flags & KVM_DEV_ASSIGN.ENABLE_IOMMU) === 0) return -EINVAL;
      if (find(vm, id) >= 0) return -EEXIST;
      const known = vfio.state.devices.length > i && i >= 0 && vfio.specs[i]?.kind === 'pci';
      if (!known) return -EINVAL;
      if (!mayAccess) return -EPERM;
      const side = vfio.state.devices.at(i);
      if (side.opened === 1 || side.owned === 1) return -EBUSY;
      side.owned = 1;
      const d = device(i);
      d.assigned = 1;
      d.vm = vm;
      d.id = id;
      d.pci23 = (flags & KVM_DEV_ASSIGN.PCI_2_3) !== 0 && pci.maskSupported(i) ? 1 : 0;
      d.guestMasked = (flags & KVM_DEV_ASSIGN.MASK_INTX) !== 0 ? 1 : 0;
      d.irqTypes = 0;
      pci.reset(i);
      return 0;
    },
    deassignDevice(vm, id) {
      const i = find(vm, id);
      if (i < 0) return -EINVAL;
      deassign(i, device(i).irqTypes);
      pci.reset(i);
      device(i).assigned = 0;
      vfio.state.devices.at(i).owned = 0;
      return 0;
    },
    assignIrq(vm, { id, flags, gsi }) {
      if (!hasIrqchip(vm)) return -EINVAL;
      const i = find(vm, id);
      if (i < 0) return -ENODEV;
      const host = flags & KVM_DEV_IRQ.HOST_MASK;
      const guest = flags & KVM_DEV_IRQ.GUEST_MASK;
      if (!oneOrNone(host) || !oneOrNone(guest) || (host | guest) === 0) return -EINVAL;
      const ret = host === 0 ? 0 : assignHost(i, host);
      return ret !== 0 || guest === 0 ? ret : assignGuest(i, guest, gsi);
    },
    deassignIrq(vm, { id, flags }) {
      if (!hasIrqchip(vm)) return -EINVAL;
      const i = find(vm, id);
      if (i < 0) return -ENODEV;
      if (device(i).irqTypes === 0) return -ENXIO;
      deassign(i, flags & device(i).irqTypes);
      return 0;
    },
    setIntxMask(vm, { id, flags }) {
      const i = find(vm, id);
      if (i < 0) return -ENODEV;
      const masked = (flags & KVM_DEV_ASSIGN.MASK_INTX) === 0 ? 0 : 1;
      begin(setMask, { device: i, masked, pci23: (flags & KVM_DEV_ASSIGN.PCI_2_3) === 0 ? 0 : 1 });
      return 0;
    },
    msi(i) {
      const d = device(i);
      if ((d.irqTypes & KVM_DEV_IRQ.HOST_MSI) !== 0 && d.source !== 0) intx.raise(i);
    },
  };
}
