// The guest's pages of a source go, so that the next access faults. Linux: book3s_xive_native.c kvmppc_xive_native_reset_mapped.

import { DEVICE } from '../kvm/layout.ts';
import { filePageOf } from '../kvm/mappings.ts';
import { type PowerMachine, roomOf } from './world.ts';

type Frame = { readonly vm: number; readonly gsi: number };

/** Whether the device has pages to be zapped (ops->reset_mapped): XICS has none. */
export const hasPages = (m: PowerMachine, f: Frame): boolean => roomOf(m, f).context.state.device === DEVICE.XIVE;

/** xive->mapping_lock, under which the pointer `mapping` stays what it is. */
export const mappingLockOf = (m: PowerMachine, f: { readonly vm: number }) => roomOf(m, f).context.state.mappingLock;

/** unmap_mapping_range over both pages, if the file was ever mapped. */
export function zap(m: PowerMachine, f: Frame): void {
  const { context, mappings } = roomOf(m, f);
  if (context.state.mapping !== 0) mappings.zap(filePageOf(f.gsi), 2);
}
