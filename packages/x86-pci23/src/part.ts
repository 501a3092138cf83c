// KVM's own device assignment as a part of the host. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c, iommu.c; removed in 4.12 in favour of VFIO.

import { defineHostPart } from '@virq/irq-core/backend';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import { createAssignment } from './assignment.ts';
import { inspect } from './inspect.ts';
import { assignmentLayout } from './layout.ts';
import { PROPERTIES } from './properties.ts';
import { kvmAssignedDevAckIrq } from './protocols/ack.ts';
import { kvmSetPciIrqMask, kvmSetPciIrqMaskLinux } from './protocols/guest-mask.ts';
import { kvmAssignedDevThreadIntx, kvmAssignedDevThreadLine } from './protocols/host-interrupt.ts';
import { kvmDeassignHostIntx } from './protocols/release.ts';
import { switchMasking } from './protocols/sharing.ts';
import { OPERATIONS } from './vocabulary.ts';

const PROTOCOLS: readonly object[] = [
  kvmAssignedDevThreadIntx,
  kvmAssignedDevThreadLine,
  kvmAssignedDevAckIrq,
  kvmSetPciIrqMask,
  kvmSetPciIrqMaskLinux,
  kvmDeassignHostIntx,
  switchMasking,
];

/** Legacy device assignment: the part `assign`. */
export const legacyAssignment = defineHostPart({
  name: 'assign',
  summary: "KVM's own device assignment (Linux ≤ 4.11): INTx shared by PCI 2.3 masking",
  options: {
    intx_masking: {
      type: 'enum',
      values: ['always-device', 'on-demand'],
      default: 'always-device',
      doc: 'PCI 2.3 devices are masked by DisINTx always (Linux 3.4), or only while their line is shared (patches of December 2010)',
    },
    set_intx_mask: {
      type: 'enum',
      values: ['linux', 'stored'],
      default: 'linux',
      doc: 'unmasking trusts the flag of the caller (Linux) or the mask that is recorded',
    },
  },
  layout: ({ devices }) => assignmentLayout(devices),
  attach: (context, state) => createAssignment(context, state),
  addVm: (part, kvm) => part.addVm(kvm),
  protocols: PROTOCOLS as readonly AnyProtocol<never>[],
  properties: PROPERTIES,
  operations: OPERATIONS,
  events: {},
  inspect,
});
