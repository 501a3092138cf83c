// Hazards around XIVE passthrough, each with the check that settles it: which form of a model, which property, which paths have to meet.

import { type Edits, type ModelFamily, omit, reorder, replace } from '@virq/irq-core/protocol';
import {
  createDevice,
  esbFaultNative,
  type PathName,
  releaseParted,
  setPassthruNative,
  xiveLife,
  xiveRemap,
  xiveSharedSpace,
} from '@virq/ppc-xive/models';
import { setPassthru } from '@virq/ppc-xive/protocols';
import { BUGS, type Bug, EVIDENCE } from '../index.ts';
import { bug as mappingRelease } from '../xive-mapping-release/index.ts';

/** What a check of the faulty form says. */
export type Verdict = 'happens' | 'happens, harmless' | 'cannot happen';

/** One row. */
export interface Hazard {
  /** Number of the list it comes from: D and H of the first reading, N found by the checker itself. */
  readonly id: string;
  readonly says: string;
  readonly verdict: Verdict;
  readonly model: ModelFamily;
  readonly scope: Readonly<Record<string, number>>;
  /** Sizes of the corrected form's proof; null if there is nothing to correct. */
  readonly proof: Readonly<Record<string, number>> | null;
  /** What makes the corrected form the kernel's, in this respect. */
  readonly edits: Edits;
  /** The property that the faulty form violates, or that holds although it looks as if it might not. */
  readonly property: string;
  /** Paths that have to meet; one if a single path is enough. */
  readonly paths: readonly [PathName, PathName?];
  readonly assumes: string;
  readonly status: string;
  /** Entry of the gallery. */
  readonly slug?: string;
}

const nothing = () => undefined;
const unlockedFault = replace(replace(esbFaultNative, 'lock mapping', nothing), 'unlock mapping', nothing);
/** The kernel's set_mapped, with the new source stored before the pages go. */
const storeFirst = reorder(
  setPassthru,
  ...['storeNumber', 'storeData', 'hasPages', 'lock mapping', 'zap', 'unlock mapping'].map((label) => `map.${label}`),
);

/** A hazard that has an entry in the gallery. */
function shown(id: string, slug: string, says: string, more: Pick<Hazard, 'paths' | 'assumes'>): Hazard {
  const bug = BUGS.find((b) => b.slug === slug) as Bug;
  const { model, scope = {}, proof = scope, variant, expected, found } = bug;
  const status = found === undefined ? 'fixed, or never shipped' : EVIDENCE[found.evidence];
  return {
    id,
    slug,
    says,
    verdict: 'happens',
    model,
    scope,
    proof,
    edits: variant,
    property: expected.property,
    status,
    ...more,
  };
}

const PAGE = 'the page in the guest is that of the source behind its interrupt';

/** All of them. */
export const HAZARDS: readonly Hazard[] = [
  {
    id: 'D-1, H-1',
    says: 'a page fault inserts the page of the source that is going, after the pages were removed',
    verdict: 'happens',
    model: xiveRemap,
    scope: {},
    proof: { vcpus: 2, touches: 1 },
    edits: [[esbFaultNative, unlockedFault]],
    property: PAGE,
    paths: ['setMapped', 'esbFault'],
    assumes: 'a vCPU touches the ESB page of an interrupt while its vector is being connected',
    status: EVIDENCE.model,
    slug: 'xive-mapping',
  },
  {
    id: 'D-1, H-1',
    says: 'the same with the new source stored before the pages go',
    verdict: 'happens',
    model: xiveRemap,
    scope: {},
    proof: null,
    edits: [
      [esbFaultNative, unlockedFault],
      [setPassthruNative, storeFirst],
    ],
    property: PAGE,
    paths: ['setMapped', 'esbFault'],
    assumes: 'as before: the order alone repairs nothing',
    status: 'no kernel has this order',
  },
  shown('D-2', 'xive-mapping', 'the fault handler reads pt_number and finds no pt_data', {
    paths: ['setMapped', 'esbFault'],
    assumes: 'as before, between two stores',
  }),
  shown('D-1', 'xive-handback', 'the page of a device that was handed back stays with the guest', {
    paths: ['clrMapped', 'esbFault'],
    assumes: 'clr_mapped does not remove the pages; with the kernel’s fault handler the window of D-1 does the same',
  }),
  shown('D-3', 'xive-vma-split', 'after a split of the window a page shows another source', {
    paths: ['esbFault', 'munmap'],
    assumes: 'the VMM splits its mapping; QEMU does not',
  }),
  {
    id: 'D-4',
    says: 'a removal takes pages of another VM',
    verdict: 'happens, harmless',
    model: xiveSharedSpace,
    scope: { shared: 1 },
    proof: { shared: 0 },
    edits: [],
    property: 'a switch takes pages from its own VM only',
    paths: ['setMapped', 'esbFault'],
    assumes: 'all device files have the anonymous inode, as they have',
    status: EVIDENCE.model,
  },
  shown('D-5', 'xive-phantom', 'a connection that failed is torn down as if it had been made', {
    paths: ['clrMapped'],
    assumes: 'set_mapped fails, as it does when the VMM connects before it makes the interrupt',
  }),
  shown(
    'D-6, H-6',
    'xive-give-back-lock',
    'the lock of a block is kept when the host does not take its interrupt back',
    {
      paths: ['clrMapped', 'setSourceConfig'],
      assumes: 'OPAL answers an error other than BUSY',
    },
  ),
  shown('D-7, H-6', 'xive-unmask-first', 'a source that the guest has enabled is off after the device has taken over', {
    paths: ['setMapped'],
    assumes: 'the guest unmasks at the ESB first (newest Linux), or the VMM takes a vector away and gives it back',
  }),
  shown('D-8', 'xive-remap-number', 'the interrupt arrives under the number of its source', {
    paths: ['setMapped'],
    assumes: 'the VMM takes a vector away and gives it back after the guest has configured the interrupt',
  }),
  shown('D-9, H-6', 'xive-release-forwarded', 'a device that is closed leaves an interrupt forwarded', {
    paths: ['release', 'setMapped'],
    assumes: 'the VMM closes the device with a vector connected; QEMU does not',
  }),
  shown('D-10', 'xive-queue-count', 'a queue is full of interrupts that have left it', {
    paths: ['setSourceConfig'],
    assumes: '32,764 settings of one interrupt, alternating between two vCPUs',
  }),
  shown('D-11', 'xive-second-priority', 'a second queue of a vCPU fails and takes the escalation of the first away', {
    paths: ['setQueueConfig'],
    assumes: 'single escalation, and no RESET since the vCPU was connected; Linux guests use one priority',
  }),
  shown('D-12', 'xive-vp-state', 'pending interrupts and CPPR do not move with the vCPU', {
    paths: ['oneReg', 'run'],
    assumes: 'POWER10 with save and restore by hardware; clean on POWER9',
  }),
  shown('D-13', 'xive-zap-sleeps', 'a mutex is taken under a raw spinlock', {
    paths: ['setMapped'],
    assumes: 'none: every switch does it, in native mode',
  }),
  shown('D-18', 'xive-queue-race', 'two settings of one queue give its old page back twice', {
    paths: ['setQueueConfig', 'setQueueConfig'],
    assumes: 'two threads of the VMM set one queue at the same time; QEMU does not',
  }),
  shown('N-1', 'xive-handback-window', 'a message that comes while its vector is taken away is lost', {
    paths: ['clrMapped', 'setIrq'],
    assumes: 'the irqfd stays, and the host’s interrupt is not freed before the message comes; both modes',
  }),
  shown('N-2', 'xive-remap-coalesced', 'a message latched in Q of the IPI is lost when the device takes over', {
    paths: ['setMapped'],
    assumes:
      'a message goes through the irqfd while the guest has another one of the interrupt in its hands; both modes',
  }),
  {
    id: 'P-MAPPING-LIFE',
    says: 'a removal walks the address space of a file that is gone: release does not clear the pointer',
    verdict: 'cannot happen',
    model: xiveLife,
    scope: { lives: 2 },
    proof: null,
    edits: [
      [releaseParted, omit(releaseParted, 'release.lock mapping', 'release.forgetMapping', 'release.unlock mapping')],
    ],
    property: 'no step fails',
    paths: ['setMapped', 'release'],
    assumes: 'a device that is made has its struct zeroed; every file has an inode of its own',
    status: 'the clearing that was merged is not needed',
  },
  {
    id: 'P-MAPPING-LIFE',
    says: 'the same, with the pointer cleared and the struct not zeroed',
    verdict: 'cannot happen',
    model: xiveLife,
    scope: { lives: 2 },
    proof: null,
    edits: mappingRelease.variant.filter(([p]) => p === createDevice),
    property: 'no step fails',
    paths: ['setMapped', 'release'],
    assumes: 'release clears the pointer; every file has an inode of its own',
    status: 'either of the two is enough',
  },
  {
    id: 'P-MAPPING-LIFE',
    says: 'the same with neither, and the anonymous inode',
    verdict: 'cannot happen',
    model: xiveLife,
    scope: { lives: 2, sharedInode: 1 },
    proof: null,
    edits: mappingRelease.variant,
    property: 'no step fails',
    paths: ['setMapped', 'release'],
    assumes: 'all device files have the anonymous inode, which is never freed',
    status: 'the pointer does not dangle',
  },
  shown('P-MAPPING-LIFE', 'xive-mapping-release', 'the same with neither, and an inode per file', {
    paths: ['setMapped', 'release'],
    assumes: 'as no kernel has it',
  }),
];
