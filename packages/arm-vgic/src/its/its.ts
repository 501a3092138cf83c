// An ITS of the KVM VGIC. Linux: arch/arm64/kvm/vgic/vgic-its.c.

import type { TranslationCache } from './cache.ts';
import type { ItsContext, ItsHost } from './context.ts';
import { getRegister, gits, type ItsControl, setRegister } from './control.ts';
import type { ItsState } from './layout.ts';
import { createMappings } from './mappings.ts';
import { createQueue } from './queue.ts';
import { BASER_RESET } from './registers.ts';
import { restoreTables } from './restore.ts';
import { saveTables } from './save.ts';
import { BASER } from './tables.ts';

/** Bytes of an ITS's frames. */
export const ITS_BYTES = 0x20000;

/** An ITS. Offsets are bytes from its base. */
export interface Its {
  readonly context: ItsContext;
  /** After creation: reset values. */
  init(): void;
  /** KVM_DEV_ARM_ITS_CTRL_RESET. */
  reset(): void;
  /** Where it lies in guest physical memory, a multiple of 64 KiB. */
  setBase(address: number): void;
  /** True for an address in its frames. */
  covers(address: number): boolean;
  /** A guest's access of 1, 2 or 4 bytes. */
  read(offset: number, size: number): number;
  write(offset: number, size: number, value: number): void;
  /** A guest's access of 8 bytes. */
  read64(offset: number): bigint;
  write64(offset: number, value: bigint): void;
  /** User space's view of a register; null for none. */
  get(offset: number): { lo: number; hi: number } | null;
  /** User space sets a register: 0, -ENXIO, -EBUSY or -EINVAL. */
  set(offset: number, value: { lo: number; hi: number }): number;
  /** KVM_DEV_ARM_ITS_SAVE_TABLES. */
  save(): number;
  /** KVM_DEV_ARM_ITS_RESTORE_TABLES. */
  restore(): number;
}

function init(state: ItsState): void {
  state.deviceTableLo = BASER_RESET.LOW;
  state.deviceTableHi = BASER_RESET.DEVICE;
  state.collectionTableLo = BASER_RESET.LOW;
  state.collectionTableHi = BASER_RESET.COLLECTION;
}

/** The cache is cleared by no more than the devices that go. */
function reset({ state, maps, cache }: ItsContext): void {
  state.deviceTableHi &= ~BASER.VALID;
  state.collectionTableHi &= ~BASER.VALID;
  state.cbaserLo = 0;
  state.cbaserHi = 0;
  state.creadr = 0;
  state.cwriter = 0;
  state.enabled = 0;
  if (state.deviceList.first !== 0) cache.clear();
  maps.freeDevices();
  maps.freeCollections();
}

/** Creates an ITS over zeroed state; `cache` is its own or that of the VM, as the kernel has it. */
export function createIts(state: ItsState, host: ItsHost, cache: TranslationCache): Its {
  const context: ItsContext = { ...host, state, cache, maps: createMappings(state, host.lpis) };
  const control: ItsControl = { its: context, run: createQueue(context) };
  return {
    context,
    init: () => init(state),
    reset: () => reset(context),
    setBase(address) {
      state.hasBase = 1;
      state.baseLo = address % 2 ** 32;
      state.baseHi = Math.floor(address / 2 ** 32);
    },
    covers(address) {
      const base = state.baseHi * 2 ** 32 + state.baseLo;
      return state.hasBase === 1 && address >= base && address < base + ITS_BYTES;
    },
    read: (offset, size) => gits.read(control, offset, size),
    write(offset, size, value) {
      gits.write(control, offset, size, value);
    },
    read64: (offset) => gits.read64(control, offset),
    write64(offset, value) {
      gits.write64(control, offset, value);
    },
    get: (offset) => getRegister(control, offset),
    set: (offset, value) => setRegister(control, offset, value),
    save: () => saveTables(context),
    restore: () => restoreTables(context),
  };
}
