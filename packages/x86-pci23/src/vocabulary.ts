// Operations of a VMM that assigns devices the old way. Linux ≤ 4.11: Documentation/virtual/kvm/api.txt 4.48 to 4.55, 4.69.

import type { PartTarget } from '@virq/irq-core/backend';
import { type ArgSpec, type Args, OK, type Operation, type OpResult } from '@virq/irq-core/machine';
import { CONFIG } from '@virq/irq-core/pci';
import type { Assignment } from './assignment.ts';

type Target = PartTarget<Assignment>;

const device: ArgSpec = { type: 'name', of: 'a device', doc: 'the device' };
const id: ArgSpec = { type: 'int', optional: true, doc: 'assigned_dev_id; default the index of the device' };
const flags = (doc: string, preset: number): ArgSpec => ({ type: 'int', default: preset, doc });

const idOf = (t: Target, args: Args): number =>
  (args['id'] as number | undefined) ?? Math.max(0, t.device(args['device'] as string));

/** An operation on an assigned device, by its id. */
const on = (
  summary: string,
  args: Readonly<Record<string, ArgSpec>>,
  run: (t: Target, id: number, args: Args) => number,
): Operation<Target> => ({
  summary,
  args: { device, id, ...args },
  run: (t, given): OpResult => ({ ret: run(t, idOf(t, given), given) }),
});

const irqFlags = 'KVM_DEV_IRQ_*: host INTX 1, MSI 2; guest INTX 0x100, MSI 0x200, MSIX 0x400';

/** The words of the part. */
export const OPERATIONS: Readonly<Record<string, Operation<Target>>> = {
  assign_pci_device: on(
    'KVM_ASSIGN_PCI_DEVICE: takes a function of the host for the VM',
    {
      flags: flags('KVM_DEV_ASSIGN_*: ENABLE_IOMMU 1, PCI_2_3 2, MASK_INTX 4', 1),
      may_access: { type: 'bool', default: true, doc: 'the caller may access the BARs through sysfs' },
    },
    (t, dev, args) =>
      t.part.assignDevice(t.vm, {
        device: t.device(args['device'] as string),
        id: dev,
        flags: args['flags'] as number,
        mayAccess: args['may_access'] as boolean,
      }),
  ),
  deassign_pci_device: on('KVM_DEASSIGN_PCI_DEVICE: gives it back', {}, (t, dev) => t.part.deassignDevice(t.vm, dev)),
  assign_dev_irq: on(
    'KVM_ASSIGN_DEV_IRQ: how the host and the guest take its interrupt',
    { flags: flags(irqFlags, 0x101), gsi: { type: 'int', max: 4095, default: 0, doc: 'GSI of the guest' } },
    (t, dev, args) => t.part.assignIrq(t.vm, { id: dev, flags: args['flags'] as number, gsi: args['gsi'] as number }),
  ),
  deassign_dev_irq: on('KVM_DEASSIGN_DEV_IRQ', { flags: flags(irqFlags, 0x101) }, (t, dev, args) =>
    t.part.deassignIrq(t.vm, { id: dev, flags: args['flags'] as number }),
  ),
  assign_set_intx_mask: on(
    "KVM_ASSIGN_SET_INTX_MASK: the guest's view of DisINTx; comes before the write of the command register",
    { flags: flags('MASK_INTX 4 or not, and PCI_2_3 2 as the device was assigned', 0) },
    (t, dev, args) => t.part.setIntxMask(t.vm, { id: dev, flags: args['flags'] as number }),
  ),
  assigned_msi: on('the function sends its MSI', {}, (t, _id, args) => {
    t.part.msi(t.device(args['device'] as string));
    return 0;
  }),
  sysfs_read_config: {
    summary: 'user space reads configuration space through sysfs',
    args: {
      device,
      offset: { type: 'int', max: 255, default: CONFIG.COMMAND, doc: 'offset' },
      size: { type: 'int', min: 1, max: 4, default: 2, doc: 'bytes' },
    },
    run: (t, a) => ({
      ret: 0,
      out: { value: t.part.pci.read(t.device(a['device'] as string), a['offset'] as number, a['size'] as number) },
    }),
  },
  sysfs_write_config: {
    summary: 'user space writes configuration space through sysfs',
    args: {
      device,
      offset: { type: 'int', max: 255, default: CONFIG.COMMAND, doc: 'offset' },
      size: { type: 'int', min: 1, max: 4, default: 2, doc: 'bytes' },
      value: { type: 'int', doc: 'value' },
    },
    run(t, a) {
      const i = t.device(a['device'] as string);
      t.part.pci.write(i, a['offset'] as number, a['size'] as number, a['value'] as number);
      return OK;
    },
  },
};
