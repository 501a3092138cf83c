// What differs between kernels in KVM's VGIC, as data. Linux 6.1.192, 6.12.117 and 7.3-rc7.

import type { KernelVersion } from '@virq/irq-core/kvm';
import { ITS_POLICIES, type ItsPolicy } from './its/policy.ts';
import { LR_FORMS, type LrForm } from './lr/forms.ts';

/** VGICs that are modelled: those of the kernels, and newer ones that a VM can name. */
export const VGIC_VERSIONS = ['6.1', '6.12', '6.18', '6.19-rc', '7.3'] as const;
export type VgicVersion = (typeof VGIC_VERSIONS)[number];

/** Differences in arch/arm64/kvm/vgic. */
export interface ArmProfile {
  readonly version: VgicVersion;
  readonly lr: LrForm;
  readonly its: ItsPolicy;
  /** What the vCPU of KVM_IRQ_LINE names. */
  readonly irqLine: 'index' | 'id';
  /** When KVM learns what the guest has set in its CPU interface: when the vCPU is scheduled out or waits, or at every exit. */
  readonly savesVmcr: 'put' | 'exit';
  /** Where the handler of trapped accesses to the CPU interface departs from the CPU. */
  readonly traps: TrapQuirks;
}

/** The handler of trapped accesses: what keeps a write of BPR1 from being stored, and whether ICC_CTLR_EL1 shows SEIS. */
export interface TrapQuirks {
  readonly ignoresBpr1: 'with CBPR' | 'with bit 4 of the value';
  readonly showsSeis: boolean;
}

const CLASSIC_TRAPS: TrapQuirks = { ignoresBpr1: 'with CBPR', showsSeis: true };
const TRAPS_7_3: TrapQuirks = { ignoresBpr1: 'with bit 4 of the value', showsSeis: false };

/** Profiles by version. */
export const ARM_PROFILES: Readonly<Record<VgicVersion, ArmProfile>> = {
  '6.1': {
    version: '6.1',
    lr: LR_FORMS['6.1'],
    its: ITS_POLICIES['6.1'],
    irqLine: 'index',
    savesVmcr: 'put',
    traps: CLASSIC_TRAPS,
  },
  '6.12': {
    version: '6.12',
    lr: LR_FORMS['6.12'],
    its: ITS_POLICIES['6.12'],
    irqLine: 'id',
    savesVmcr: 'put',
    traps: CLASSIC_TRAPS,
  },
  '6.18': {
    version: '6.18',
    lr: LR_FORMS['6.12'],
    its: ITS_POLICIES['6.12'],
    irqLine: 'id',
    savesVmcr: 'put',
    traps: CLASSIC_TRAPS,
  },
  '6.19-rc': {
    version: '6.19-rc',
    lr: LR_FORMS['6.19-rc'],
    its: ITS_POLICIES['7.3'],
    irqLine: 'id',
    savesVmcr: 'exit',
    traps: CLASSIC_TRAPS,
  },
  '7.3': {
    version: '7.3',
    lr: LR_FORMS['7.3'],
    its: ITS_POLICIES['7.3'],
    irqLine: 'id',
    savesVmcr: 'exit',
    traps: TRAPS_7_3,
  },
};

/** The profile of a VM: that of the machine's kernel, unless the VM names another. */
export const profileOf = (kernel: KernelVersion, version?: VgicVersion): ArmProfile => ARM_PROFILES[version ?? kernel];
