// A guest's memory as KVM reads and writes it: little-endian words at guest physical addresses, visible through memslots. Linux: virt/kvm/kvm_main.c kvm_is_visible_gfn,
// kvm_read_guest, kvm_write_guest. Frames come into being when they are written; all others read as zero.

import { columns } from '@virq/irq-core/arena';
import { VirqError } from '@virq/irq-core/errors';
import { Frame, type MemoryState } from './layout.ts';

/** What a load of an address that no memslot covers gives. */
export const UNREADABLE = -1;

/** A guest's memory. Addresses are bytes below 2^44; accesses do not cross a word. */
export interface Ram {
  /** True if a memslot covers the address. */
  isVisible(address: number): boolean;
  /** A word, 0..2^32-1, or {@link UNREADABLE} (-EFAULT in the kernel). */
  load(address: number): number;
  /** Stores a word; false without a memslot. */
  store(address: number, value: number): boolean;
  /** A byte, or {@link UNREADABLE}. */
  loadByte(address: number): number;
  storeByte(address: number, value: number): boolean;
  /** Adds a memslot; both numbers are multiples of 4096. */
  map(address: number, bytes: number): void;
}

const FRAME = 4096;

/** Creates memory over zeroed state: nothing is visible before `map`. */
export function createRam({ frames, memslots }: MemoryState): Ram {
  const { key: keys } = columns(Frame, frames);
  const mask = frames.length - 1;
  if ((frames.length & mask) !== 0) throw new RangeError(`frames: ${frames.length} is no power of two`);

  /** Slot of a frame, or ~slot of the free place where it would go; `frames.length` when there is neither. */
  function find(frame: number): number {
    const key = (frame + 1) >>> 0;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 8) & mask;
    for (let probes = 0; probes <= mask; probes++) {
      const found = keys.get(slot);
      if (found === key) return slot;
      if (found === 0) return ~slot;
      slot = (slot + 1) & mask;
    }
    return frames.length;
  }

  function place(frame: number): number {
    const slot = find(frame);
    if (slot >= 0 && slot < frames.length) return slot;
    if (slot === frames.length)
      throw new VirqError('VIRQ-P101', `more than ${frames.length} frames of memory are written`, {
        hint: 'give the guest more frames',
      });
    keys.set(~slot, (frame + 1) >>> 0);
    return ~slot;
  }

  function isVisible(address: number): boolean {
    const frame = Math.floor(address / FRAME);
    for (let i = 0; i < memslots.length; i++) {
      const slot = memslots.at(i);
      if (frame >= slot.first && frame < slot.first + slot.frames) return true;
    }
    return false;
  }

  function load(address: number): number {
    if (!isVisible(address)) return UNREADABLE;
    const slot = find(Math.floor(address / FRAME));
    return slot < 0 || slot === frames.length ? 0 : frames.at(slot).words.get((address % FRAME) >>> 2);
  }

  function store(address: number, value: number): boolean {
    if (!isVisible(address)) return false;
    const slot = find(Math.floor(address / FRAME));
    if (value === 0 && (slot < 0 || slot === frames.length)) return true;
    frames.at(place(Math.floor(address / FRAME))).words.set((address % FRAME) >>> 2, value >>> 0);
    return true;
  }

  return {
    isVisible,
    load,
    store,
    loadByte(address) {
      const word = load(address);
      return word === UNREADABLE ? UNREADABLE : (word >>> ((address % 4) * 8)) & 0xff;
    },
    storeByte(address, value) {
      const word = load(address);
      if (word === UNREADABLE) return false;
      const shift = (address % 4) * 8;
      return store(address, (word & ~(0xff << shift)) | ((value & 0xff) << shift));
    },
    map(address, bytes) {
      for (let i = 0; i < memslots.length; i++) {
        const slot = memslots.at(i);
        if (slot.frames !== 0) continue;
        slot.first = address / FRAME;
        slot.frames = bytes / FRAME;
        return;
      }
      throw new RangeError(`memslots: all ${memslots.length} are in use`);
    },
  };
}
