// The machines of this folder: clean in the sizes they are proved for, and every promise broken by a fault.

import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { VGIC_VERSIONS } from '../kernel.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { kvmVcpuReenter } from '../run/exit.ts';
import { kvmVcpuWfi } from '../run/wfi.ts';
import { builtInVerdictOf, verdictOf } from './__fixtures__/explore.ts';
import { foldAcksAlways, foldSkipsLrs } from './corrected.ts';
import { ownListFirst } from './faults.ts';
import { writeCtlr, writeCtlrKernel, writeIrouter, writeIrouterKernel } from './registers.ts';
import { vgicKick } from './vgic-kick.ts';
import { clearPendingKernel, clearPendingStopped, vgicClear, vgicSoftPend } from './vgic-latch.ts';
import { vgicOverflow } from './vgic-overflow.ts';
import { vgicQueue } from './vgic-queue.ts';
import { reassignAndUnmask, reassignOnly, vgicResample } from './vgic-resample.ts';
import { injectOneBit, setUp, setUpEdge, setUpReset, vgicSetup } from './vgic-setup.ts';

const LIMIT = 60_000;
const CLEAN = { says: 'ok', unreached: [] };
const fault = (a: unknown, b: unknown): Edits => [[a, b]] as never;
const KERNEL_FOLD = fault(foldAcksAlways, vgicFoldLrState);

const WAITS = 'no interrupt that can be delivered waits';
const ONCE = 'an interrupt is on the list of the vCPU that it names, once, and on no other';
const MUTE = 'no device asserts while its line is masked';
const ASKED = 'a guest takes an interrupt only while its device asserts';

describe('F05 F06 vgic-queue', () => {
  it.each([
    ['an edge that moves', {}],
    ['Linux 6.1', { kernel: 0 }],
    ['two SPIs that cross', { crossing: 1, moves: 0 }],
    ['the distributor off and on', { off: 1, moves: 0 }],
  ])('%s', (_name, scope) => expect(verdictOf(vgicQueue, scope)).toEqual(CLEAN), LIMIT);

  it.each<[string, object, Edits, string]>([
    ['the oracle is not asked again', {}, fault(vgicInjectIrq, omit(vgicInjectIrq, 'revalidate')), ONCE],
    [
      'nobody is kicked',
      {},
      fault(
        vgicInjectIrq,
        replace(vgicInjectIrq, 'kick', () => undefined),
      ),
      WAITS,
    ],
    [
      'who is given an interrupt is not kicked',
      { crossing: 1, moves: 0 },
      fault(
        vgicPruneApList,
        replace(vgicPruneApList, 'release', () => 'lock ap'),
      ),
      WAITS,
    ],
    ['H1, K6: IROUTER is repaired', { nobody: 1 }, fault(writeIrouter, writeIrouterKernel), WAITS],
    ['H2, H3, K5: the distributor is off and on', { off: 1, moves: 0 }, fault(writeCtlr, writeCtlrKernel), WAITS],
  ])(
    'fault: %s',
    (_name, scope, edits, says) => expect(verdictOf(vgicQueue, scope as never, edits).says).toBe(says),
    LIMIT,
  );
});

it(
  'F06 fault: the own list is locked before that of a lower vcpu_id',
  () => {
    const edits = fault(vgicPruneApList, ownListFirst);
    const crossing = { crossing: 1, moves: 0 };
    expect(builtInVerdictOf(vgicQueue, crossing, edits)).toBe('no process waits for ever');
    expect(builtInVerdictOf(vgicQueue, crossing)).toBe('ok');
  },
  LIMIT,
);

describe('F05 vgic-kick', () => {
  it.each([
    ['two edges', {}],
    ['a guest that does not wait', { waits: 0 }],
  ])('%s', (_name, scope) => expect(verdictOf(vgicKick, scope)).toEqual(CLEAN), LIMIT);

  /** The same fault wherever the vCPU enters. */
  const entry = (edit: (p: typeof kvmVcpuReenter) => unknown): Edits =>
    [kvmVcpuReenter, kvmVcpuWfi].map((p) => [p, edit(p)]) as never;
  const again = ['enter.checkAgain', 'enter.leaveMode', 'enter.again'];

  it.each<[string, Edits]>([
    ['requests are looked at before the mode is set', entry((p) => reorder(p, 'enter.checkAgain', 'enter.setMode'))],
    [
      'requests are not looked at again',
      entry((p) => omit(p, ...again, ...p.labels.filter((l) => /^enter.(fold|prune)/.test(l)))),
    ],
    ['the sleeper looks before it announces itself', fault(kvmVcpuWfi, reorder(kvmVcpuWfi, 'look', 'announce'))],
  ])('fault: %s', (_name, edits) => expect(verdictOf(vgicKick, {}, edits).says).toBe(WAITS), LIMIT);
});

describe('F32 F33 vgic-overflow', () => {
  const KERNEL = fault(foldSkipsLrs, vgicFoldLrState);
  const ACTIVE = 'what the guest handles is active';
  const ENDED = 'what the guest has ended is not active';

  it.each([
    ['one waits for the other', {}],
    ['two are active', { restored: 1 }],
    ['two are active, EOImode 1', { restored: 1, eoimode: 1, traps: 1 }],
  ])('%s', (_name, scope) => expect(verdictOf(vgicOverflow, scope)).toEqual(CLEAN), LIMIT);

  it.each<[string, object, string]>([
    ['T44 6da5e537f5af: the walk from the head of the list, Linux 6.19-rc', { kernel: 3 }, ACTIVE],
    ['T43 EOImode 0, Linux 7.3', { restored: 1 }, 'ok'],
    ['T43 K14 Linux 6.1', { restored: 1, kernel: 0 }, ENDED],
    ['T42 K14 Linux 6.12, EOImode 1', { restored: 1, kernel: 1, eoimode: 1 }, ENDED],
    ['T42 EOImode 1, Linux 7.3', { restored: 1, eoimode: 1 }, 'ok'],
    ['K15 EOImode 1 with trapped accesses, Linux 7.3', { restored: 1, eoimode: 1, traps: 1 }, ACTIVE],
  ])('%s', (_name, scope, says) => expect(verdictOf(vgicOverflow, scope as never, KERNEL).says).toBe(says), LIMIT);
});

describe('F07 vgic-soft-pend, vgic-clear', () => {
  it.each([
    ['a level interrupt', vgicSoftPend, {}],
    ['an edge that is cleared with its vCPU stopped', vgicClear, {}],
  ] as const)('%s', (_name, family, scope) => expect(verdictOf(family, scope)).toEqual(CLEAN), LIMIT);

  it.each(VGIC_VERSIONS.map((v, kernel) => [v, kernel] as const))(
    'N1 K4 K7 Linux %s',
    (_version, kernel) => {
      expect(verdictOf(vgicSoftPend, { kernel, writes: 1 }).says).toBe('what the guest has made pending comes');
      expect(verdictOf(vgicClear, { kernel }, fault(clearPendingStopped, clearPendingKernel)).says).toBe(
        'what was cleared is not taken',
      );
    },
    LIMIT,
  );
});

describe('F41 vgic-resample', () => {
  it.each([
    ['EOIs that are always told', {}],
    ['on a GICv2 host', { host: 2 }],
    ['with exits in between', { exits: 1 }],
    ['W3 ended by ICACTIVER', { crashes: 1 }],
    ['W4 the VMM unmasks', { reassign: 1 }],
  ])('%s', (_name, scope) => expect(verdictOf(vgicResample, scope)).toEqual(CLEAN), LIMIT);

  it.each(VGIC_VERSIONS.map((v, kernel) => [v, kernel] as const))(
    'W6 T28 back to back IAR and EOIR, Linux %s',
    (version, kernel) => {
      const isGated = version === '7.3' || version === '6.19-rc';
      expect(verdictOf(vgicResample, { kernel }, KERNEL_FOLD).says).toBe(isGated ? ASKED : 'ok');
      expect(verdictOf(vgicResample, { kernel, host: 2 }, KERNEL_FOLD).says).toBe('ok');
    },
    LIMIT,
  );

  it.each<[string, object, Edits, string]>([
    ['W3 with the kernel’s fold, Linux 6.12', { kernel: 1, crashes: 1 }, KERNEL_FOLD, 'ok'],
    ['W4 nobody unmasks', { reassign: 1 }, fault(reassignAndUnmask, reassignOnly), MUTE],
    ['W5 there is no resamplefd', { resamplefd: 0 }, [], ASKED],
    ['EOIs are not told', {}, fault(foldAcksAlways, omit(foldAcksAlways, 'ackLate')), ASKED],
  ])(
    '%s',
    (_name, scope, edits, says) => expect(verdictOf(vgicResample, scope as never, edits).says).toBe(says),
    LIMIT,
  );
});

describe('F41 vgic-setup, the second thread', () => {
  it.each([
    ['split state, a clearing guest', {}],
    ['split state, Linux 6.1', { kernel: 0 }],
    ['W2 the VMM unmasks after its reset', { reset: 1, assertions: 0 }],
  ])('%s', (_name, scope) => expect(verdictOf(vgicSetup, scope)).toEqual(CLEAN), LIMIT);

  it.each<[string, object, Edits, string]>([
    ['T31 one bit for input and latch', { assertions: 0 }, fault(vgicInjectIrq, injectOneBit), MUTE],
    ['W1 an edge until the guest says otherwise, which clears it', {}, fault(setUp, setUpEdge), MUTE],
    ['W1 an edge, not cleared', { clear: 0 }, fault(setUp, setUpEdge), 'ok'],
    ['W2 nothing follows the reset', { reset: 1, assertions: 0 }, fault(setUp, setUpReset), MUTE],
  ])('%s', (_name, scope, edits, says) => expect(verdictOf(vgicSetup, scope as never, edits).says).toBe(says), LIMIT);
});
