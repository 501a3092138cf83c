// Kernel paths of XICS over XIVE against each other: clean as they are, and each order and each test in them is needed.

import { check } from '@virq/checker';
import { DONE, type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { setPassthru } from '../protocols/passthru.ts';
import { storeData, storeNumber } from '../protocols/set-mapped.ts';
import { hCppr, hCpprLocked } from '../protocols/xics-cppr.ts';
import { hEoi, hEoiCorrected } from '../protocols/xics-eoi.ts';
import { intOff, intOn } from '../protocols/xics-mask.ts';
import { hIpi, hXirr } from '../protocols/xics-present.ts';
import { xicsOf } from '../protocols/xics-world.ts';
import { xicsEoi, xicsIpi, xicsPassthrough, xicsReroute } from './index.ts';

type Family = { build(scope?: Readonly<Record<string, number>>): ReturnType<typeof xicsEoi.build> };
type Scope = Readonly<Record<string, number>>;

function verdictOf(family: Family, scope: Scope): readonly unknown[] {
  const model = family.build(scope);
  const { verdict, unreached } = check((o) => model.create(o));
  return [verdict, unreached];
}

function broken(family: Family, edits: Edits, scope: Scope = {}): string | undefined {
  const model = family.build(scope);
  return check((o) => model.create({ ...o, edits })).violations[0]?.property;
}

const MASKED = 'a source that the guest has masked sends nothing';
const SERVED = 'what the device asked for is served';
const UNREAD = 'no message to a vCPU is left unread';

describe('xics-eoi', () => {
  it.each<Scope>([{}, { setXive: 1 }, { masks: 2 }, { asks: 3 }])('F-50 F-53 %o: clean', (scope) => {
    expect(verdictOf(xicsEoi, scope)).toEqual(['ok', []]);
  });

  const faults: readonly (readonly [string, Edits, string])[] = [
    ['H_EOI does not announce itself', [[hEoi, omit(hEoi, 'announce')]], MASKED],
    ['H_EOI announces itself after it has looked', [[hEoi, reorder(hEoi, 'isMasked', 'announce')]], MASKED],
    ['H_EOI does not look again under the lock', [[hEoi, omit(hEoi, 'isStillMasked')]], SERVED],
    ['H_EOI of a masked source leaves no note', [[hEoi, omit(hEoi, 'forgetP')]], SERVED],
    ['masking does not ask for an EOI', [[intOff, omit(intOff, 'isInEoi')]], MASKED],
    ['masking asks before it shows itself', [[intOff, reorder(intOff, 'isInEoi', 'hide')]], MASKED],
    ['masking does not stop the source', [[intOff, omit(intOff, 'stop')]], MASKED],
    ['unmasking forgets Q', [[intOn, omit(intOn, 'restoreQ')]], SERVED],
    ['unmasking does not start the source', [[intOn, omit(intOn, 'start')]], SERVED],
    ['unmasking shows itself before it starts the source', [[intOn, reorder(intOn, 'show', 'start')]], SERVED],
  ];
  it.each(faults)('%s', (_name, edits, property) => expect(broken(xicsEoi, edits, { masks: 2 })).toBe(property));
});

/** H_IPI that looks at CPPR before it stores MFRR; `server` keeps what it has seen. */
function cpprFirst(): Edits {
  const looked = replace(hIpi, 'storeMfrr', (m, f) => {
    f.server = f.mfrr < xicsOf(m, f).vcpus.at(f.vcpu).cppr ? 1 : 0;
  });
  const stored = replace(looked as typeof hIpi, 'readCppr', (m, f) => {
    xicsOf(m, f).vcpus.at(f.vcpu).mfrr = f.mfrr & 0xff;
    return f.server === 1 ? undefined : DONE;
  });
  return [[hIpi, stored]] as never;
}

describe('xics-ipi', () => {
  it.each<Scope>([{}, { senders: 2, messages: 1 }, { asks: 2, messages: 1 }])('F-50 F-51 %o: clean', (scope) => {
    expect(verdictOf(xicsIpi, scope)).toEqual(['ok', []]);
  });

  const faults: readonly (readonly [string, Edits, string])[] = [
    ['H_IPI looks at CPPR before it stores MFRR', cpprFirst(), UNREAD],
    ['H_EOI does not look whether an IPI waits', [[hEoi, omit(hEoi, 'pushPending')]], UNREAD],
    ['the signal of an IPI is not ended', [[hXirr, omit(hXirr, 'scan.endSignal')]], UNREAD],
    ['CPPR stays where the signal of an IPI put it', [[hXirr, omit(hXirr, 'writeCppr')]], SERVED],
  ];
  it.each(faults)('%s', (_name, edits, property) => expect(broken(xicsIpi, edits)).toBe(property));
});

describe('xics-reroute', () => {
  it.each<Scope>([{}, { masks: 2 }])('F-52 %o: clean', (scope) => {
    expect(verdictOf(xicsReroute, scope)).toEqual(['ok', []]);
  });

  const unlocked = omit(hCpprLocked, 'scan.lock sb', 'scan.unlock sb');

  it.each([1, 2])('F-52 without the lock, as Linux has it, an interrupt masked %i times is lost', (masks) => {
    expect(broken(xicsReroute, [[hCpprLocked, unlocked]], { masks })).toBe(SERVED);
  });

  it('F-52 the form without the lock is the one that runs', () => {
    expect(unlocked.labels).toEqual(hCppr.labels);
  });

  const faults: readonly (readonly [string, Edits, string])[] = [
    ['the source is not sent again', [[hCpprLocked, omit(hCpprLocked, 'scan.setQueued')]], SERVED],
    ['the source is not ended', [[hCpprLocked, omit(hCpprLocked, 'scan.eoi')]], SERVED],
  ];
  it.each(faults)('%s', (_name, edits, property) => expect(broken(xicsReroute, edits)).toBe(property));
});

describe('xics-passthrough', () => {
  it.each<Scope>([{}, { storeEoi: 1 }])('F-45 F-50 %o: clean', (scope) => {
    expect(verdictOf(xicsPassthrough, scope)).toEqual(['ok', []]);
  });

  const atOnce = replace(setPassthru, 'map.storeNumber', (m, f) => {
    storeData(m, f);
    storeNumber(m, f);
  });
  const faults: readonly (readonly [string, Edits, string])[] = [
    ['H_EOI chooses the source first, as in Linux, between number and data', [[hEoiCorrected, hEoi]], 'no step fails'],
    [
      'H_EOI chooses the source first, and number and data come at once: the IPI is ended, the device waits',
      [
        [hEoiCorrected, hEoi],
        [setPassthru, atOnce],
      ],
      'no source waits for an EOI that nobody owes it',
    ],
    ['the device is not enabled', [[setPassthru, omit(setPassthru, 'map.enable')]], SERVED],
  ];
  it.each(faults)('F-45 %s', (_name, edits, property) => {
    expect(broken(xicsPassthrough, edits, { storeEoi: 1 })).toBe(property);
  });

  it('F-45 the same on POWER9: a spurious interrupt ends it after all', () => {
    const early: Edits = [
      [hEoiCorrected, hEoi],
      [setPassthru, atOnce],
    ];
    expect(broken(xicsPassthrough, early)).toBeUndefined();
  });
});
