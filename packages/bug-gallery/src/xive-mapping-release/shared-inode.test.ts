// With the anonymous inode that all device files share, the pointer dangles neither in the corrected nor in the faulty form.

import { check } from '@virq/checker';
import { xiveRelease } from '@virq/ppc-xive/protocols';
import { expect, it } from 'vitest';
import { bug } from './index.ts';

it.each([
  ['corrected', []],
  ['faulty', bug.variant],
] as const)('the %s form is clean', (_name, edits) => {
  const model = xiveRelease.build({ lives: 3, zaps: 3, ownInode: 0 });
  expect(check((o) => model.create({ ...o, edits }))).toMatchObject({ verdict: 'ok', unreached: [] });
});
