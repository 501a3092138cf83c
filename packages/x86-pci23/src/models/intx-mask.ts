// Who owns the mask of an INTx line: the interrupt handler, the guest's EOI, the guest's own DisINTx bit, user space writing the command register.

import { handleIrq } from '@virq/irq-core/host';
import { defineMachineModel, type Machine } from '@virq/irq-core/machine';
import { type AnyProtocol, defineFamily, type Property } from '@virq/irq-core/protocol';
import { kvmAssignedDevAckIrq } from '../protocols/ack.ts';
import { writeCommand } from '../protocols/command.ts';
import { kvmSetPciIrqMask } from '../protocols/guest-mask.ts';
import { kvmAssignedDevThreadIntx, kvmAssignedDevThreadLine } from '../protocols/host-interrupt.ts';
import {
  assign,
  device,
  guestDriver,
  type IntxWorld,
  intxMachine,
  LINE,
  NIC,
  PIN_MEANS_MASK,
  PROMISES,
  vmmSetsIntxMask,
} from './world.ts';

const AGENTS = [device, guestDriver, writeCommand];

/** Kernel paths in which faults are planted, and user space's way to the command register. */
const PATHS = [
  handleIrq,
  kvmAssignedDevThreadIntx,
  kvmAssignedDevThreadLine,
  kvmAssignedDevAckIrq,
  kvmSetPciIrqMask,
  writeCommand,
];

/** One assigned function. Corrected are KVM_ASSIGN_SET_INTX_MASK (it undoes the mask that is recorded) and the write of user space (bit 10 is virtual). */
export const intxMask = defineFamily({
  name: 'intx-mask',
  summary: 'PCI 2.3 INTx of an assigned device: the handler, the guest, its DisINTx bit, the VMM, and one mask',
  scope: {
    assertions: { says: 'times the device asserts', default: 1, min: 1, max: 3 },
    pci23: { says: '1: the device has DisINTx', default: 1, min: 0, max: 1 },
    writes: { says: 'writes of the command register', default: 0, min: 0, max: 2 },
    flag: { says: '1: the VMM passes PCI_2_3 when it says so', default: 1, min: 0, max: 1 },
    masks: { says: 'times the guest sets and clears DisINTx', default: 1, min: 0, max: 1 },
  },
  build: ({ assertions, pci23, writes, flag, masks }) =>
    defineMachineModel({
      name: 'intx-mask',
      machine: intxMachine({
        devices: [{ name: 'nic', kind: 'pci', hostIrq: LINE, disIntxWritable: pci23 === 1 }],
        agents: AGENTS as unknown as readonly AnyProtocol<never>[],
        processes: 8 + writes + masks,
      }),
      paths: PATHS as unknown as readonly AnyProtocol<never>[],
      agents: (of) => [vmmSetsIntxMask(of(kvmSetPciIrqMask))] as unknown as readonly AnyProtocol<Machine>[],
      start(machine, [vmm]) {
        const m = machine as IntxWorld;
        assign(m);
        m.processes.spawn(device as never, { device: NIC, left: assertions } as never);
        m.processes.spawn(guestDriver as never);
        for (let i = 0; i < masks; i++) m.processes.spawn(vmm as never, { pci23: flag, device: NIC } as never);
        for (let i = 0; i < writes; i++) m.processes.spawn(writeCommand as never, { device: NIC } as never);
      },
      properties: [...PROMISES, ...(masks === 0 ? [PIN_MEANS_MASK] : [])] as unknown as readonly Property<never>[],
    }),
});
