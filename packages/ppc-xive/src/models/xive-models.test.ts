// The models over the machine: clean in every form that is proved, with every step reached; and every property is broken by some fault.

import { check } from '@virq/checker';
import { borrow, type Edits, insert, type ModelFamily, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { esbFault } from '../protocols/esb-fault.ts';
import { clrPassthru, clrPassthruCorrected, setPassthru, setPassthruCorrected } from '../protocols/passthru.ts';
import { xiveRelease } from '../protocols/release.ts';
import {
  asksPAlone,
  chipOf,
  clrPassthruNative,
  clrPassthruRefused,
  clrPassthruRefusedKernel,
  createDevice,
  esbFaultNative,
  moveVcpu,
  probeDriver,
  releaseParted,
  runXiveVcpu,
  setNativeQueue,
  setPassthruNative,
  updateNativeSource,
  xiveGiveBack,
  xiveLife,
  xivePhantom,
  xiveProbe,
  xiveQueueConfig,
  xiveQueueCount,
  xiveRemap,
  xiveSharedSpace,
  xiveVectors,
  xiveVma,
  xiveVpState,
} from './index.ts';

type Scope = Readonly<Record<string, number>>;

/** Steps that a model runs only with events that are on their way for a while, for the TIMA, or when a mapping was the last. */
const UNUSED = /(take\.resend|take\.sync|timaPage)$|^unmap\.release\./;
const isUnused = (label: string): boolean => UNUSED.test(label);

function explore(family: ModelFamily, scope: Scope, edits: Edits = [], property?: string) {
  const model = family.build(scope);
  return check((o) => {
    const system = model.create({ ...o, edits });
    if (property === undefined) return system;
    return { ...system, properties: system.properties.filter((p) => p.name === property) };
  });
}

const CLEAN: readonly (readonly [ModelFamily, Scope])[] = [
  [xiveRemap, { switches: 2 }],
  [xiveVma, {}],
  [xiveVectors, {}],
  [xivePhantom, {}],
  [xiveGiveBack, { syncs: 2 }],
  [xiveProbe, {}],
  [xiveLife, {}],
  [xiveQueueCount, { moves: 8 }],
  [xiveQueueConfig, {}],
  [xiveVpState, { generation: 1 }],
  [xiveVpState, { generation: 2 }],
];

it.each(CLEAN)('%o %o is clean, every step reached', (family, scope) => {
  const r = explore(family, scope);
  const dead = r.coverage.filter((l) => !l.reached && !isUnused(l.label)).map((l) => l.label);
  expect([r.verdict, r.unreached, dead]).toEqual(['ok', [], []]);
});

const nothing = () => undefined;
const unlocked = (p: typeof setNativeQueue): typeof setNativeQueue =>
  replace(replace(p, 'lock xive', nothing), 'unlock xive', nothing);

const HANDED_BACK = 'a device handed back leaves no page of its source in the guest';
const HEARD = 'what the device has to say is heard';
const REFERENCES = 'KVM holds a reference on the page of each queue, and no other';

/** The page of the first source of the machine, whoever asks. */
const wrongPage = replace(esbFaultNative, 'readPage', (_m, f) => {
  f.pfn = 2;
});
/** The queue that the source is in now is counted down. */
const countsOutOfNew = replace(updateNativeSource, 'countOut', (m, f) => {
  if (f.from !== 0) chipOf(m).state.kvm.vcpus.at(f.server).queues.at(6).count--;
});
/** The file of a device that could not be made is never made. */
const failsAfterAttach = insert(
  createDevice,
  { after: 'attach' },
  {
    fail(m) {
      chipOf(m).state.kvm.fileOpen = 0;
    },
  },
);
const keepsCam = replace(releaseParted, 'release.disableVcpu', (m) => {
  chipOf(m as never).state.kvm.vcpus.at(0).irqType = 0;
});

const FAULTS: readonly (readonly [string, ModelFamily, Scope, Edits, string])[] = [
  [
    'P-PT-PBIT a guest that asks P alone',
    xiveProbe,
    {},
    [[probeDriver, replace(probeDriver, 'synchronize', asksPAlone as never)]],
    'no process waits for ever',
  ],
  [
    'D-1 the fault handler without mapping_lock',
    xiveRemap,
    {},
    [[esbFaultNative, omit(esbFaultNative, 'lock mapping', 'unlock mapping')]],
    'the page in the guest is that of the source behind its interrupt',
  ],
  [
    'D-1 clr_mapped without the removal',
    xiveRemap,
    {},
    [[clrPassthruNative, omit(clrPassthruNative, 'unmap.zap')]],
    HANDED_BACK,
  ],
  [
    'D-2 the kernel as it is',
    xiveRemap,
    {},
    [
      [setPassthruNative, setPassthru],
      [clrPassthruNative, clrPassthru],
      [esbFaultNative, esbFault],
    ],
    'no step fails',
  ],
  [
    'D-2 pt_data stays',
    xiveRemap,
    {},
    [[clrPassthruNative, omit(clrPassthruNative, 'unmap.clearData')]],
    'number and data of the source go together',
  ],
  [
    'D-13 the kernel without page faults',
    xiveRemap,
    { vcpus: 0 },
    [
      [setPassthruNative, setPassthru],
      [clrPassthruNative, clrPassthru],
    ],
    'no step sleeps under a spinlock',
  ],
  [
    'D-3 counted from the mapping',
    xiveVma,
    {},
    [[esbFaultNative, borrow(esbFaultNative, esbFault, 'findVma')]],
    'a page of the window is that of the source at its place in the file',
  ],
  [
    'D-3 counted from the mapping',
    xiveVma,
    {},
    [[esbFaultNative, borrow(esbFaultNative, esbFault, 'findVma')]],
    HANDED_BACK,
  ],
  ['D-4 one address space', xiveSharedSpace, { shared: 1 }, [], 'a switch takes pages from its own VM only'],
  [
    'D-4 a fault handler that inserts a page of the first VM',
    xiveSharedSpace,
    {},
    [[esbFaultNative, wrongPage]],
    'another VM has the page of its own source or none',
  ],
  [
    'D-7 the kernel in native mode',
    xiveVectors,
    { order: 1, cycles: 0 },
    [[setPassthruNative, setPassthruCorrected]],
    'an interrupt that the guest has unmasked is enabled when nothing is in flight',
  ],
  [
    'D-7 V-59 an idle, enabled source is mapped',
    xiveVectors,
    { order: 1, cycles: 0 },
    [[setPassthruNative, borrow(setPassthruNative, setPassthruCorrected, 'map.maskSource')]],
    HEARD,
  ],
  [
    'D-8 data is the number of the source',
    xiveVectors,
    {},
    [[setPassthruNative, borrow(setPassthruNative, setPassthruCorrected, 'map.configure')]],
    'the interrupt arrives under the number that the guest has given it',
  ],
  [
    'D-5 the answer is always 0',
    xivePhantom,
    {},
    [
      [setPassthruNative, borrow(setPassthruNative, setPassthru, 'settle')],
      [clrPassthruNative, clrPassthruCorrected],
    ],
    HEARD,
  ],
  [
    'D-6 the kernel’s error path',
    xiveGiveBack,
    {},
    [[clrPassthruRefused, clrPassthruRefusedKernel]],
    'the lock of the block is free in the end',
  ],
  [
    'D-9 the kernel’s release',
    xiveLife,
    { lives: 1 },
    [[releaseParted, xiveRelease]],
    'a device that is gone has left no interrupt forwarded',
  ],
  [
    'B-7 a device that could not be made',
    xiveLife,
    { lives: 1 },
    [[createDevice, failsAfterAttach]],
    'a device whose file is closed is gone',
  ],
  [
    'P-PUSH-NODEV a CAM word that stays',
    xiveLife,
    { lives: 1 },
    [
      [runXiveVcpu, omit(runXiveVcpu, 'hasContext')],
      [releaseParted, keepsCam],
    ],
    'a thread answers for the vCPU that it runs or for nobody',
  ],
  [
    'VPs are not given back',
    xiveLife,
    { lives: 1 },
    [[releaseParted, omit(releaseParted, 'release.freeVps')]],
    'a device that is gone has nothing of OPAL',
  ],
  [
    'D-10 nothing is counted out',
    xiveQueueCount,
    { before: 32_763 },
    [[updateNativeSource, omit(updateNativeSource, 'leave', 'countOut')]],
    'an interrupt goes to the server that the guest has asked for',
  ],
  [
    'D-10 counted out of the wrong queue',
    xiveQueueCount,
    {},
    [[updateNativeSource, countsOutOfNew]],
    'a queue counts the sources that are routed to it',
  ],
  [
    'D-11 each queue asks for its escalation',
    xiveQueueConfig,
    {},
    [[setNativeQueue, omit(setNativeQueue, 'isShared')]],
    'an escalation that a queue relies on is taken away',
  ],
  ['D-18 no lock', xiveQueueConfig, { vmms: 2, queues: 1 }, [[setNativeQueue, unlocked(setNativeQueue)]], REFERENCES],
  [
    'B-9 the old page is not let go',
    xiveQueueConfig,
    {},
    [[setNativeQueue, omit(setNativeQueue, 'putPrevious')]],
    REFERENCES,
  ],
  [
    'B-4 flags first',
    xiveQueueConfig,
    {},
    [[setNativeQueue, replace(setNativeQueue, 'isReset', nothing)]],
    'no queue is left once all are reset',
  ],
  [
    'D-12 what is restored does not reach the hardware',
    xiveVpState,
    {},
    [[moveVcpu, omit(moveVcpu, 'catchUp')]],
    'what was pending is pending after the move',
  ],
  [
    'D-12 CPPR is not read from OPAL',
    xiveVpState,
    {},
    [[moveVcpu, omit(moveVcpu, 'mergeCppr')]],
    'the guest has the priority that it has set',
  ],
];

describe('faults', () => {
  it.each(FAULTS)('%s', (_name, family, scope, edits, property) => {
    expect(explore(family, scope, edits, property).violations[0]?.property).toBe(property);
  });
});

describe('D-10', () => {
  const kernel: Edits = [[updateNativeSource, omit(updateNativeSource, 'leave', 'countOut')]];

  it('takes 32,764 moves: one fewer is clean with one more to come', () => {
    expect(explore(xiveQueueCount, { before: 32_762, moves: 1 }, kernel).verdict).toBe('ok');
    expect(explore(xiveQueueCount, { before: 32_763, moves: 1 }, kernel).verdict).toBe('violated');
  });
});
