// The machines of this folder: clean in the sizes they are proved for, and every promise broken by a fault.

import { type Edits, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { VGIC_VERSIONS } from '../kernel.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { builtInVerdictOf, verdictOf } from './__fixtures__/explore.ts';
import { foldAcksAlways } from './corrected.ts';
import { ownListFirst } from './faults.ts';
import { writeCtlr, writeCtlrKernel, writeIrouter, writeIrouterKernel } from './registers.ts';
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
    ['one bit for input and latch', { assertions: 0 }, fault(vgicInjectIrq, injectOneBit), MUTE],
    ['W1 an edge until the guest says otherwise, which clears it', {}, fault(setUp, setUpEdge), MUTE],
    ['W1 an edge, not cleared', { clear: 0 }, fault(setUp, setUpEdge), 'ok'],
    ['W2 nothing follows the reset', { reset: 1, assertions: 0 }, fault(setUp, setUpReset), MUTE],
  ])('%s', (_name, scope, edits, says) => expect(verdictOf(vgicSetup, scope as never, edits).says).toBe(says), LIMIT);
});
