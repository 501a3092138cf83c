// Faults that no kernel has, for which a step has to be written anew.

import { BLOCKED, type Outcome, replace } from '@virq/irq-core/protocol';
import { vgicPruneApList } from '../lists/prune.ts';
import { type VgicMachine, vgicOf } from '../lists/world.ts';

type Frame = { readonly vm: number; readonly vcpu: number; readonly to: number };

/** A list's lock, taken and given back. */
const [takeLock, dropLock] = [
  (of: (f: Frame) => number) =>
    (m: VgicMachine, f: Frame, self: number): Outcome<never> => {
      const { apLock } = vgicOf(m, f).apLists.at(of(f));
      if (apLock.holder !== 0) return BLOCKED;
      apLock.holder = self + 1;
      return undefined;
    },
  (of: (f: Frame) => number) => (m: VgicMachine, f: Frame) => {
    vgicOf(m, f).apLists.at(of(f)).apLock.holder = 0;
  },
];
const [own, other] = [(f: Frame) => f.vcpu, (f: Frame) => f.to - 1];

/** The lock of the own list before that of the other, whatever their vcpu_ids. */
export const ownListFirst = [
  ['lock lower ap', takeLock(own)],
  ['lock higher ap', takeLock(other)],
  ['unlock higher ap', dropLock(other)],
  ['unlock lower ap', dropLock(own)],
].reduce((p, [label, step]) => replace(p, label as string, step as never), vgicPruneApList);
