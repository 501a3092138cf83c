// The VMM maps the device's file and unmaps it, and closes it. Linux: mm/mmap.c under mmap_lock; book3s_xive_native.c kvmppc_xive_native_mmap.

import { u8, u16, u32 } from '@virq/irq-core/arena';
import type { Lock } from '@virq/irq-core/protocol';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { DEVICE } from '../kvm/layout.ts';
import { xiveRelease } from './release.ts';
import { type KvmRoom, type PowerMachine, roomOf } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** A range of virtual pages, and a file page; `ret` is an errno as a positive number. */
export const MMAP_LOCALS = { vm: u8, ret: u8, vcpu: u16, start: u32, pages: u32, pgoff: u32 } as const;
type Frame = { -readonly [K in keyof typeof MMAP_LOCALS]: number };

/** Nothing refers to the device's file any more. */
export const isLast = ({ context: { state }, mappings }: KvmRoom): boolean =>
  state.fileOpen === 0 && state.device === DEVICE.XIVE && mappings.count() === 0;

/** mmap_lock for writing. */
const mmapLockOf = (m: PowerMachine, f: Frame): Lock => roomOf(m, f).context.state.mmapLock;

/** Waits for the page faults that hold it for reading; new ones wait already. */
const awaitReaders = (m: PowerMachine, f: Frame): Outcome<never> =>
  roomOf(m, f).context.state.mmapReaders > 0 ? BLOCKED : undefined;

/** mmap. Linux: the pointer `mapping` is set without mapping_lock. */
export const xiveMmap = protocol('kvmppc_xive_native_mmap', MMAP_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
  ...p.locked('mmap_lock', mmapLockOf, {
    awaitReaders,
    map(m, f) {
      f.ret = -roomOf(m, f).mappings.mmap(f, f.pgoff);
    },
  }),
}));

/** munmap, up to what becomes of the file. */
export const xiveMunmap = protocol('munmap', MMAP_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
  ...p.locked('mmap_lock', mmapLockOf, {
    awaitReaders,
    unmap(m, f) {
      f.ret = -roomOf(m, f).mappings.munmap(f);
    },
  }),
}));

/** mprotect of a range: splits mappings. */
export const xiveMprotect = protocol('mprotect', MMAP_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
  ...p.locked('mmap_lock', mmapLockOf, {
    awaitReaders,
    protect(m, f) {
      f.ret = -roomOf(m, f).mappings.mprotect(f);
    },
  }),
}));

/** munmap to its end: with the last mapping of a file that is closed the device goes. */
export const xiveMunmapAndPut = protocol('munmap, fput', MMAP_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
  ...p.include('munmap', xiveMunmap),
  isLast: (m, f) => (isLast(roomOf(m, f)) ? undefined : DONE),
  ...p.include('release', xiveRelease),
}));
