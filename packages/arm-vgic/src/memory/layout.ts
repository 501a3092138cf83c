// State of a guest's memory: frames that have been written, and the memslots that make addresses visible. Linux: include/linux/kvm_host.h struct kvm_memory_slot.

import { array, struct, u32, type View } from '@virq/irq-core/arena';

/** A frame of 4 KiB. `key` is frame number + 1, 0 for a free slot. */
export const Frame = struct('frame', { key: u32, words: array(u32, 1024) });

/** A memslot in frames of 4 KiB; `frames` is 0 for an unused one. */
export const Memslot = struct('memslot', { first: u32, frames: u32 });

/** Sizes of {@link memoryLayout}. */
export interface MemorySizes {
  /** Frames that can be written, a power of two. */
  readonly frames: number;
  readonly memslots: number;
}

/** A guest's memory. */
export const memoryLayout = ({ frames, memslots }: MemorySizes) =>
  struct('memory', { frames: array(Frame, frames), memslots: array(Memslot, memslots) });
export type MemoryState = View<ReturnType<typeof memoryLayout>>;
