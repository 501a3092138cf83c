// Races around ITSs and LPIs: each family is clean, and each of its properties is broken by a fault.

import { check } from '@virq/checker';
import type { Edits, ModelFamily } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { vgicDisableLpis } from '../distributor/disable-lpis.ts';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import { VGIC_VERSIONS } from '../kernel.ts';
import { injectIfEnabled, itsDisable } from './its-disable.ts';
import {
  dropsWhatItReads,
  erasesLate,
  forgetsNothing,
  hitsWithoutReference,
  holdsNoneOfAll,
  keepsPurged,
  keepsReference,
  movesAll,
  movesNone,
  purgesNothing,
  zeroesNothing,
} from './its-faults.ts';
import { itsMovall } from './its-movall.ts';
import { itsRestore, restoresAnyWidth, restoreVm } from './its-restore.ts';
import { itsUnmap } from './its-unmap.ts';

const explore = (family: ModelFamily, scope: Readonly<Record<string, number>> = {}, edits: Edits = []) => {
  const model = family.build(scope);
  return check((o) => model.create({ ...o, edits }), { maxStates: 400_000 });
};
const found = (family: ModelFamily, scope: Readonly<Record<string, number>>, edits: Edits): string => {
  const [violation] = explore(family, scope, edits).violations;
  return `${violation?.property} ${violation?.message}`;
};
const [FREED, TRUE, FOUND, COUNTS] = [
  'no freed slot is touched',
  'a translation in the cache is that of the tables',
  'a mapped LPI is found by its INTID',
  'an LPI counts those who hold it',
];
const kernel = (version: (typeof VGIC_VERSIONS)[number]): number => VGIC_VERSIONS.indexOf(version);

describe('F-50 F-51 its-unmap', () => {
  it.each([
    ['T65 DISCARD', { command: 0, messages: 2 }],
    ['MAPD', { command: 1 }],
    ['MAPC', { command: 2 }],
    ['MOVI', { command: 3 }],
    ['DISCARD and MAPTI', { command: 4 }],
    ['DISCARD while LPIs are disabled', { command: 0, disables: 1 }],
    ['DISCARD in 6.1', { command: 0, kernel: 0 }],
  ])(
    '%s: clean',
    (_name, scope) => {
      const r = explore(itsUnmap, scope);
      expect([r.verdict, r.violations[0]?.property, r.unreached]).toEqual(['ok', undefined, []]);
    },
    60_000,
  );

  it.each<[string, Record<string, number>, Edits, string]>([
    ['T65 CVE-2024-26598: a hit without a reference', {}, [[vgicItsInjectMsi, hitsWithoutReference]], FREED],
    [
      'who does not erase drops the reference too',
      { disables: 1 },
      [[vgicDisableLpis, dropsWhatItReads]],
      'refcount_t',
    ],
    ['the command leaves the cache alone', {}, [[vgicItsProcessCommands, forgetsNothing]], TRUE],
    [
      'the count is dropped before the lock, and MAPTI frees what it finds dead',
      { command: 4 },
      [[vgicItsInjectMsi, erasesLate]],
      FREED,
    ],
    ['the reference of a hit is kept', {}, [[vgicItsInjectMsi, keepsReference]], COUNTS],
  ])(
    'fault: %s',
    (_name, scope, edits, property) => {
      expect(found(itsUnmap, scope, edits)).toContain(property);
    },
    60_000,
  );

  it.each([
    ['6.1', undefined],
    ['6.12', FOUND],
    ['6.18', FOUND],
    ['7.3', undefined],
  ] as const)(
    'K10 the last reference is dropped while the INTID is mapped anew: %s',
    (version, property) => {
      expect(explore(itsUnmap, { command: 4, kernel: kernel(version) }).violations[0]?.property).toBe(property);
    },
    60_000,
  );
});

describe('K11 its-disable', () => {
  const LISTED = 'no LPI is on the list of a vCPU whose LPIs are off';

  it.each([1, 2])(
    'F-16 %i messages: clean with the question asked under the list lock',
    (messages) => {
      const r = explore(itsDisable, { messages });
      expect([r.verdict, r.violations[0]?.property, r.unreached]).toEqual(['ok', undefined, []]);
    },
    60_000,
  );

  it.each<[string, Edits, string]>([
    ["Linux's own: a hit from before queues its LPI again", [[injectIfEnabled, vgicItsInjectMsi]], LISTED],
    ['A-LPI-RETIRE: LPIs stay on the list', [[vgicDisableLpis, purgesNothing]], LISTED],
    ['the list keeps its reference', [[vgicDisableLpis, keepsPurged]], COUNTS],
  ])(
    'fault: %s',
    (_name, edits, property) => {
      expect(found(itsDisable, {}, edits)).toContain(property);
    },
    60_000,
  );
});

describe('F-56 its-movall', () => {
  it.each([
    ['MOVALL', {}],
    ['INVALL', { invall: 1 }],
    ['MOVALL in 6.1', { kernel: 0 }],
  ])(
    '%s: clean',
    (_name, scope) => {
      const r = explore(itsMovall, scope);
      expect([r.verdict, r.violations[0]?.property, r.unreached]).toEqual(['ok', undefined, []]);
    },
    60_000,
  );

  it.each<[string, Record<string, number>, Edits, string]>([
    ['A-MOVALL-NULL: an LPI is not held', {}, [[vgicItsProcessCommands, holdsNoneOfAll]], FREED],
    ['INVALL does not hold it', { invall: 1 }, [[vgicItsProcessCommands, holdsNoneOfAll]], FREED],
    ["6.18's MOVALL, by its edit", {}, [[vgicItsProcessCommands, movesAll]], 'an LPI stays on a vCPU'],
    ["6.18's MOVALL", { kernel: kernel('6.18') }, [], 'an LPI stays on a vCPU'],
    ['MOVALL does nothing', {}, [[vgicItsProcessCommands, movesNone]], 'MOVALL moves what its first vCPU has'],
  ])(
    'fault: %s',
    (_name, scope, edits, property) => {
      expect(found(itsMovall, scope, edits)).toContain(property);
    },
    60_000,
  );
});

describe('F-52 F-53 its-restore', () => {
  it.each([0, 1])('T63 forged %i: clean', (forged) => {
    const r = explore(itsRestore, { forged });
    expect([r.verdict, r.violations[0]?.property, r.unreached]).toEqual(['ok', undefined, []]);
  });

  it.each<[string, Record<string, number>, Edits, string]>([
    [
      'A-ITS-STALE: DISCARD zeroes nothing',
      {},
      [[vgicItsProcessCommands, zeroesNothing]],
      'an event that the guest has discarded',
    ],
    ['A-DTE-RANGE: any width', { forged: 1 }, [[restoreVm, restoresAnyWidth]], 'a device has no more EventIDs'],
  ])('fault: %s', (_name, scope, edits, property) => {
    expect(found(itsRestore, scope, edits)).toContain(property);
  });
});
