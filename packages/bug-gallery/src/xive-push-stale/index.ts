// A vCPU without a device goes onto its thread as the target that it was before.

import { omit, replace } from '@virq/irq-core/protocol';
import { chipOf, releaseParted, runXiveVcpu, xiveLife } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

type Disable = (typeof releaseParted)['steps'][number];
const disable = releaseParted.steps[releaseParted.labels.indexOf('release.disableVcpu')] as Disable;
/** The VP is disabled, the CAM word stays. */
const keepCam: Disable = (m, f, self, choice) => {
  const v = chipOf(m).state.kvm.vcpus.at(0);
  const { cam } = v;
  const outcome = disable(m, f, self, choice);
  v.cam = cam;
  return outcome;
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-push-stale',
  title: 'XIVE: a vCPU whose device is gone answers for a virtual processor that is not its own',
  family: 'ppc',
  commits: [{ hash: '8d4ba9c931bc', title: "KVM: PPC: Book3S HV: Don't push XIVE context when not using XIVE device" }],
  story: `Guest entry wrote the vCPU's CAM word to the thread, whether or not the VM had a XIVE device. With the emulated controller that is a word of zeros; after the device was closed it is that of
a virtual processor which OPAL may have given to another VM. The thread answers for it, and gets its interrupts.

Since 2019 a vCPU is pushed only if it has a CAM word, and closing the device clears that.`,
  links: [],
  model: xiveLife,
  scope: { lives: 1 },
  proof: { lives: 1 },
  variant: [
    [runXiveVcpu, omit(runXiveVcpu, 'hasContext')],
    [releaseParted, replace(releaseParted, 'release.disableVcpu', keepCam)],
  ],
  expected: { property: 'a thread answers for the vCPU that it runs or for nobody', length: 25 },
  unused: ["vfio_msi_set_vector_signal: 'use.map.take.resend'", "vfio_msi_set_vector_signal: 'use.map.take.sync'"],
  fix: 'A vCPU is pushed only if it has a CAM word, and the word is cleared when its device goes.',
});
