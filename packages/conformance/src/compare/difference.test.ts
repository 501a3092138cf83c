// Field-wise differences, their shapes, and the skips that explain them.

import { describe, expect, it } from 'vitest';
import type { OracleResult } from '../oracle.ts';
import { differences, shapeOf } from './difference.ts';
import { explaining, type Skip } from './skips.ts';

const result = (more: Partial<OracleResult> = {}): OracleResult => ({ ret: 0, errno: null, state: {}, ...more });
const paths = (a: Partial<OracleResult>, b: Partial<OracleResult>) =>
  differences(result(a), result(b)).map((d) => d.path);

describe('differences', () => {
  it.each([
    ['nothing', {}, {}, []],
    ['return value and errno', { ret: -1, errno: 'EBUSY' }, {}, ['ret', 'errno']],
    ['out on one side only', { out: { vector: 3 } }, {}, ['out']],
    [
      'one register of one LAPIC',
      { state: { lapic: [{ tpr: 0 }, { tpr: 1 }] } },
      { state: { lapic: [{ tpr: 0 }, { tpr: 2 }] } },
      ['state.lapic[1].tpr'],
    ],
    ['a list of vectors as a whole', { state: { irr: [1, 2] } }, { state: { irr: [1] } }, ['state.irr']],
    ['lists of equal numbers', { state: { irr: [1, 2] } }, { state: { irr: [1, 2] } }, []],
    ['keys in another order', { state: { a: 1, b: 2 } }, { state: { b: 2, a: 1 } }, []],
    [
      'a redirection entry that only one has',
      { state: { redir: { 4: '0x42' } } },
      { state: { redir: {} } },
      ['state.redir.4'],
    ],
    [
      'a LAPIC more',
      { state: { lapic: [{ tpr: 0 }] } },
      { state: { lapic: [{ tpr: 0 }, { tpr: 0 }] } },
      ['state.lapic[1]'],
    ],
    ['null and nothing', { state: { ioapic: null } }, { state: {} }, ['state.ioapic']],
  ])('%s', (_name, a, b, expected) => expect(paths(a, b)).toEqual(expected));

  it.each([
    ['state.lapic[12].irr', 'state.lapic[].irr'],
    ['state.ioapic.redir.10', 'state.ioapic.redir.*'],
    ['ret', 'ret'],
  ])('%s has the shape %s', (path, shape) => expect(shapeOf(path)).toBe(shape));
});

describe('skips', () => {
  const skip: Skip = {
    id: 'x',
    oracle: 'kvm',
    versions: '^6\\.18',
    hosts: 'kvm_pvm',
    ops: ['mmio_read'],
    fields: ['out.value'],
    when: (op) => op['addr'] === 0,
    reason: 'r',
    source: 's',
  };
  const who = { implementation: 'kvm', version: '6.18.4', details: { module: 'kvm_pvm' } };
  const field = (path: string) => ({ path, model: 0, oracle: 1 });
  it.each([
    ['all conditions', who, { op: 'mmio_read', addr: 0 }, ['out.value'], true],
    ['another oracle', { ...who, implementation: 'qemu' }, { op: 'mmio_read', addr: 0 }, ['out.value'], false],
    ['another release', { ...who, version: '6.1.0' }, { op: 'mmio_read', addr: 0 }, ['out.value'], false],
    ['another host', { ...who, details: { module: 'kvm_intel' } }, { op: 'mmio_read', addr: 0 }, ['out.value'], false],
    ['another operation', who, { op: 'mmio_write', addr: 0 }, ['out.value'], false],
    ['a further field', who, { op: 'mmio_read', addr: 0 }, ['out.value', 'state.lapic[0].ppr'], false],
    ['another argument', who, { op: 'mmio_read', addr: 1 }, ['out.value'], false],
  ])('%s', (_name, provenance, op, fields, explained) => {
    expect(explaining([skip], provenance, op, fields.map(field)) === skip).toBe(explained);
  });
});
