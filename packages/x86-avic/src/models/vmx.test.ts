// VMX and VT-d under every interleaving: the corrected paths are clean in several sizes, and every property is broken by some fault.

import { type CheckResult, check } from '@virq/checker';
import { type Edits, type ModelFamily, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { NOTIFY, setControl } from '../posted/pi-descriptor.ts';
import {
  intelIrSetAffinity,
  piWakeupHandler,
  vmxDeliverInterrupt,
  vmxOf,
  vmxPiStartBypass,
  vmxPiUpdateIrte,
  vmxSyncPirToIrr,
  vmxVcpuBlock,
  vmxVcpuLoad,
  vmxVcpuPut,
  vmxVcpuUpdateApicv,
} from '../protocols/index.ts';
import { apicvInhibit, piAssign, piPreempt, vtdAffinity } from './index.ts';

const neverRun = (r: CheckResult): string[] => r.coverage.filter((l) => !l.reached).map((l) => l.label);

const CLEAN: readonly (readonly [string, ModelFamily, Readonly<Record<string, number>>])[] = [
  ['X86-38 preemption, halts and migration', piPreempt, {}],
  ['X86-38 before 6.17', piPreempt, { since617: 0 }],
  ['the first device of a VM', piAssign, {}],
  ['APICv off and on', apicvInhibit, {}],
  ['X86-39 affinity with messages posted to the host', vtdAffinity, {}],
  ['X86-39 affinity with remapped messages', vtdAffinity, { posted: 0 }],
];
it.each(CLEAN)('%s is clean', (_name, family, sizes) => {
  const model = family.build(sizes);
  const r = check((o) => model.create(o));
  expect([r.verdict, r.unreached, neverRun(r)]).toEqual(['ok', [], []]);
});

it('two vCPUs that share the CPUs are clean', () => {
  const model = piPreempt.build({ vcpus: 2, deliveries: 0 });
  const r = check((o) => model.create(o));
  expect([r.verdict, r.unreached]).toEqual(['ok', []]);
});

const [UNSEEN, LISTED] = [
  'no posted interrupt is left unseen',
  'a vCPU that sleeps is on the wake-up list of the CPU to which its notifications go',
];
const [RUNS, ONE_LIST] = [
  'a vCPU in the guest is notified where it runs',
  'a vCPU is on the wake-up list of one CPU at most',
];
const [POSTED, HOST, STALE] = [
  'an interrupt that is posted to a vCPU stays posted, wherever the host moves its own side',
  'an interrupt of the host goes to the CPU of its affinity',
  'once an update is over the IOMMU goes by the new entry',
];

/** The load keeps what it should write. */
const keepsSn = replace(vmxVcpuLoad, 'pi.redirect', (m, f) => {
  const { at, posted } = vmxOf(m, f);
  setControl(at(f.vcpu).desc, { ndst: posted.ndst(f.cpu), nv: NOTIFY.POSTED });
});

type Fault = readonly [string, ModelFamily, Edits, string, Readonly<Record<string, number>>?];
const FAULTS: readonly Fault[] = [
  ['no list joined before the sleep', piPreempt, [[vmxVcpuBlock, omit(vmxVcpuBlock, 'put.wakeup.joinList')]], LISTED],
  [
    'NV stays when the vCPU sleeps',
    piPreempt,
    [[vmxVcpuBlock, replace(vmxVcpuBlock, 'put.wakeup.redirect', () => 'leaveCpu')]],
    LISTED,
  ],
  [
    'T183 no IPI to itself when ON was set before NV changed',
    piPreempt,
    [[vmxVcpuBlock, replace(vmxVcpuBlock, 'put.wakeup.ipiSelf', () => undefined)]],
    UNSEEN,
  ],
  [
    'the list is not left',
    piPreempt,
    [[vmxVcpuBlock, replace(vmxVcpuBlock, 'load.pi.leaveList', () => undefined)]],
    ONE_LIST,
    { exits: 2, deliveries: 0 },
  ],
  [
    'the handler wakes nobody',
    piPreempt,
    [[piWakeupHandler, replace(piWakeupHandler, 'wakeNext', () => 'unlock wakeup_vcpus')]],
    UNSEEN,
  ],
  ['SN stays when the vCPU is loaded', piPreempt, [[vmxVcpuLoad, keepsSn]], RUNS],
  [
    'T184 ON is not recomputed',
    piPreempt,
    [[vmxVcpuLoad, replace(vmxVcpuLoad, 'pi.recomputeOn', () => undefined)]],
    UNSEEN,
  ],
  [
    'without SN nothing is lost, and CPUs are notified in vain',
    piPreempt,
    [[vmxVcpuPut, replace(vmxVcpuPut, 'suppress', () => undefined)]],
    '',
  ],
  [
    'ON is not cleared at entry',
    piPreempt,
    [[vmxSyncPirToIrr, replace(vmxSyncPirToIrr, 'clearOn', () => undefined)]],
    UNSEEN,
  ],
  [
    'a delivery notifies nobody',
    piPreempt,
    [[vmxDeliverInterrupt, replace(vmxDeliverInterrupt, 'notify', () => undefined)]],
    UNSEEN,
  ],
  ['vCPUs are not asked to sleep anew', piAssign, [[vmxPiStartBypass, omit(vmxPiStartBypass, 'kickAll')]], UNSEEN],
  [
    'SVI is not refreshed',
    apicvInhibit,
    [[vmxVcpuUpdateApicv, omit(vmxVcpuUpdateApicv, 'refreshStatus')]],
    'what the guest has ended is not in service',
    { deliveries: 0 },
  ],
  [
    'affinity overwrites the entry',
    vtdAffinity,
    [[intelIrSetAffinity, omit(intelIrSetAffinity, 'isPostedToVcpu')]],
    POSTED,
  ],
  ['the image does not follow', vtdAffinity, [[intelIrSetAffinity, omit(intelIrSetAffinity, 'write')]], HOST],
  ['an update is not flushed', vtdAffinity, [[vmxPiUpdateIrte, omit(vmxPiUpdateIrte, 'flush')]], STALE],
  [
    'a change of affinity is not flushed',
    vtdAffinity,
    [[intelIrSetAffinity, omit(intelIrSetAffinity, 'flush')]],
    STALE,
  ],
];

describe('faults', () => {
  it.each(FAULTS.map((fault) => [fault[0], fault] as const))('%s', (_name, [, family, edits, property, sizes]) => {
    const model = family.build(sizes);
    expect(check((o) => model.create({ ...o, edits })).violations[0]?.property ?? '').toBe(property);
  });
});
