// Recordings and operation files, and which kernel is modelled for which host.

import { expect, it } from 'vitest';
import { headLine, readOperations, resultLine } from './recording.ts';
import { kernelFor } from './targets.ts';

const result = { ret: 0, errno: null, state: {} };

it('what is written can be replayed', () => {
  const head = headLine({
    schema: 'virq/vectors@1',
    implementation: 'kvm',
    version: '6.18',
    details: {},
    date: '',
    backend: 'x86-avic',
  });
  const text = head + resultLine({ op: 'vm', vcpus: 2 }, result, 4) + resultLine({ op: 'sync' }, result);
  expect(readOperations(text, 'f')).toEqual([{ op: 'vm', vcpus: 2 }, { op: 'sync' }]);
  expect(text).toContain('"seed":4');
});

it.each([
  ['[{"op":"vm"},{"op":"sync"}]', ['vm', 'sync']],
  ['{"op":"vm"}\n\n{"op":"sync"}\n', ['vm', 'sync']],
  ['', []],
])('%s', (text, names) => expect(readOperations(text, 'f').map((o) => o.op)).toEqual(names));

it.each([
  ['[{"op":"vm"},{}]', 'f: operation 1'],
  ['[', 'f is not JSON'],
  ['{"op":"vm"}\nx', 'f:2 is not JSON'],
  ['{"op":3}', 'f:1 is no operation'],
])('%s is refused with its place', (text, message) =>
  expect(() => readOperations(text, 'f')).toThrow(
    expect.objectContaining({ code: 'VIRQ-X001', message: expect.stringContaining(message) }),
  ),
);

it.each([
  ['6.18.44-fc', '6.18'],
  ['6.19.1', '6.18'],
  ['6.14.0', '6.18'],
  ['6.12.3', '6.12'],
  ['6.8.0-azure', '6.12'],
  ['6.1.0', '6.1'],
  ['5.15.0', '6.1'],
])('Linux %s is compared with the model of %s', (release, kernel) => expect(kernelFor(release)).toBe(kernel));
