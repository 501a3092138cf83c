// What differs between kernels in KVM's VGIC, as data. Linux 6.1.192, 6.12.117, 6.18.35 and 7.3-rc7.

import type { KernelVersion } from '@virq/irq-core/kvm';
import { REGISTER_FORMS, type RegisterForm } from './distributor/forms.ts';
import { ITS_POLICIES, type ItsPolicy } from './its/policy.ts';
import { KVM_POLICIES, type KvmPolicy } from './kvm/policy.ts';
import { LR_FORMS, type LrForm } from './lr/forms.ts';
import { RUN_FORMS, type RunForm } from './run/forms.ts';

/** VGICs that are modelled: those of the kernels, and newer ones that a VM can name. */
export const VGIC_VERSIONS = ['6.1', '6.12', '6.18', '6.19-rc', '7.3'] as const;
export type VgicVersion = (typeof VGIC_VERSIONS)[number];

/** Differences in arch/arm64/kvm/vgic. */
export interface ArmProfile {
  readonly version: VgicVersion;
  readonly lr: LrForm;
  readonly its: ItsPolicy;
  readonly kvm: KvmPolicy;
  readonly registers: RegisterForm;
  readonly run: RunForm;
}

/** Profiles by version. */
export const ARM_PROFILES: Readonly<Record<VgicVersion, ArmProfile>> = {
  '6.1': {
    version: '6.1',
    lr: LR_FORMS['6.1'],
    its: ITS_POLICIES['6.1'],
    kvm: KVM_POLICIES['6.1'],
    registers: REGISTER_FORMS['6.1'],
    run: RUN_FORMS['6.1'],
  },
  '6.12': {
    version: '6.12',
    lr: LR_FORMS['6.12'],
    its: ITS_POLICIES['6.12'],
    kvm: KVM_POLICIES['6.12'],
    registers: REGISTER_FORMS['6.12'],
    run: RUN_FORMS['6.12'],
  },
  '6.18': {
    version: '6.18',
    lr: LR_FORMS['6.12'],
    its: ITS_POLICIES['6.18'],
    kvm: KVM_POLICIES['6.18'],
    registers: REGISTER_FORMS['6.18'],
    run: RUN_FORMS['6.12'],
  },
  '6.19-rc': {
    version: '6.19-rc',
    lr: LR_FORMS['6.19-rc'],
    its: ITS_POLICIES['7.3'],
    kvm: KVM_POLICIES['7.3'],
    registers: REGISTER_FORMS['6.19-rc'],
    run: RUN_FORMS['6.19-rc'],
  },
  '7.3': {
    version: '7.3',
    lr: LR_FORMS['7.3'],
    its: ITS_POLICIES['7.3'],
    kvm: KVM_POLICIES['7.3'],
    registers: REGISTER_FORMS['7.3'],
    run: RUN_FORMS['7.3'],
  },
};

/** The profile of a VM: that of the machine's kernel, unless the VM names another. */
export const profileOf = (kernel: KernelVersion, version?: VgicVersion): ArmProfile => ARM_PROFILES[version ?? kernel];
