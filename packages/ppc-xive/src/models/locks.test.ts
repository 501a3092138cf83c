// The table of locks against the kernel paths themselves: every lock that a path takes is in the table, nested as it says there.

import { describe, expect, it } from 'vitest';
import { eqSync, sourceConfig, sourceSync, xiveReset } from '../protocols/attributes.ts';
import { esbFault } from '../protocols/esb-fault.ts';
import { xiveMmap, xiveMunmap } from '../protocols/mmap.ts';
import { clrPassthru, setPassthru } from '../protocols/passthru.ts';
import { xiveRelease } from '../protocols/release.ts';
import { alsoTaken, excludedBy, type LockedPath, type LockName, PATHS, type PathName } from './locks.ts';

/** Labels of protocols by the names of the table. */
const NAMES: Readonly<Record<string, LockName>> = { mmap_lock: 'mmap' };

interface Noted {
  readonly notes: readonly { readonly acquires?: string; readonly releases?: string }[];
}

/** Every lock that a protocol takes, after those that are held then. */
function nestingsOf({ notes }: Noted): LockName[][] {
  const held: LockName[] = [];
  const nestings: LockName[][] = [];
  for (const { acquires, releases } of notes) {
    if (acquires !== undefined) {
      held.push(NAMES[acquires] ?? (acquires as LockName));
      nestings.push([...held]);
    }
    if (releases !== undefined) held.pop();
  }
  return nestings;
}

const takes = (name: PathName): LockName[] => (PATHS[name] as LockedPath).takes.map((t) => t.lock);

const MODELLED: readonly (readonly [PathName, Noted])[] = [
  ['setMapped', setPassthru],
  ['clrMapped', clrPassthru],
  ['esbFault', esbFault],
  ['mmap', xiveMmap],
  ['munmap', xiveMunmap],
  ['release', xiveRelease],
  ['setSourceConfig', sourceConfig],
  ['setSourceConfig', sourceSync],
  ['reset', xiveReset],
  ['reset', eqSync],
];

it.each(MODELLED)('%s takes the locks of the table, in its order', (name, protocol) => {
  const order = takes(name);
  const nestings = nestingsOf(protocol);
  expect(nestings.length).toBeGreaterThan(0);
  for (const nesting of nestings) expect(order.filter((lock) => nesting.includes(lock))).toEqual(nesting);
});

describe('pairs', () => {
  const rows: readonly (readonly [PathName, PathName, readonly LockName[]])[] = [
    ['setMapped', 'esbFault', []],
    ['clrMapped', 'esbFault', []],
    ['esbFault', 'esbFault', []],
    ['setMapped', 'clrMapped', ['bypass', 'kvm']],
    ['release', 'setMapped', ['kvm']],
    ['release', 'create', ['kvm']],
    ['release', 'esbFault', ['file']],
    ['release', 'setQueueConfig', ['file']],
    ['esbFault', 'munmap', ['mmap']],
    ['connect', 'oneReg', ['vcpu']],
    ['clrMapped', 'setIrq', []],
    ['release', 'setIrq', []],
    ['setQueueConfig', 'setQueueConfig', []],
  ];
  it.each(rows)('%s and %s are kept apart by %j', (a, b, locks) => {
    expect([excludedBy(a, b), excludedBy(b, a)]).toEqual([locks, locks]);
  });

  it('a page fault takes sb->lock and the page table lock as a switch does, each over a part', () => {
    expect(alsoTaken('setMapped', 'esbFault')).toEqual(['sb', 'ptl']);
  });
});
