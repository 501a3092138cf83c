// Memory as XIVE sees it: 32-bit big-endian words at real addresses. Frames come into being when they are written; all others read as zero.

import { columns } from '@virq/irq-core/arena';
import { VirqError } from '@virq/irq-core/errors';
import { Frame, type XiveState } from './layout.ts';

/** Real memory. Addresses are given as frame number (address / 4096) and byte offset in the frame; the owner is part of the frame number. */
export interface Ram {
  load(frame: number, offset: number): number;
  store(frame: number, offset: number, value: number): void;
  /** Makes a frame read as zero again. */
  clear(frame: number): void;
  /** Real frame numbers written so far. */
  written(): number[];
}

/** Bits of a frame number below the owner: a VM has at most 64 GiB. */
const OWNER_SHIFT = 24;

/** Real frame of a guest's frame. Owner 0 is the host, 1 + index a VM (Abstraction: each VM's memory is contiguous). */
export const realFrame = (owner: number, frame: number): number => owner * 2 ** OWNER_SHIFT + frame;
/** Whose memory a real frame is. */
export const ownerOf = (frame: number): number => Math.floor(frame / 2 ** OWNER_SHIFT);
/** The frame as its owner numbers it. */
export const guestFrame = (frame: number): number => frame % 2 ** OWNER_SHIFT;

/** Creates memory over zeroed state. */
export function createRam({ frames }: XiveState): Ram {
  const { key: keys } = columns(Frame, frames);
  const mask = frames.length - 1;
  if ((frames.length & mask) !== 0) throw new RangeError(`frames: ${frames.length} is no power of two`);

  /** Slot of a frame, or ~slot of the free place where it would go; `frames.length` when there is neither. */
  function find(frame: number): number {
    const key = (frame + 1) >>> 0;
    let slot = Math.imul(key, 0x9e3779b1) & mask;
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
        hint: 'give the host more: host: { frames: N }',
      });
    keys.set(~slot, (frame + 1) >>> 0);
    return ~slot;
  }

  return {
    load(frame, offset) {
      const slot = find(frame);
      return slot < 0 || slot === frames.length ? 0 : (frames.at(slot).words.get(offset >>> 2) ?? 0);
    },
    store(frame, offset, value) {
      frames.at(place(frame)).words.set(offset >>> 2, value >>> 0);
    },
    clear(frame) {
      const slot = find(frame);
      if (slot < 0 || slot === frames.length) return;
      const { words } = frames.at(slot);
      for (let i = 0; i < words.length; i++) words.set(i, 0);
    },
    written() {
      const all: number[] = [];
      for (let i = 0; i < frames.length; i++) if (frames.at(i).key !== 0) all.push(frames.at(i).key - 1);
      return all;
    },
  };
}
