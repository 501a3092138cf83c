// Commands on what is mapped, with KVM's checks in its order. Linux: vgic-its.c vgic_its_cmd_handle_movi, _discard, _inv, _invall, _clear, _int, _movall.

import { ERRNO } from '@virq/irq-core/errors';
import { E_ITS } from './codes.ts';
import type { Command } from './command.ts';
import { type ItsContext, irqTargetOf, vcpuOf } from './context.ts';
import { clearEntry, ENTRY_BYTES, join } from './entries.ts';
import { trigger } from './translate.ts';

const iteOfCommand = ({ maps }: ItsContext, { device, event }: Command): number => maps.ite(maps.device(device), event);

/** MOVI. */
export function movi(its: ItsContext, command: Command): number {
  const { maps, cache, lpis } = its;
  const handle = iteOfCommand(its, command);
  if (handle === 0) return E_ITS.MOVI_UNMAPPED_INTERRUPT;
  const ite = maps.iteAt(handle);
  const collection = maps.collection(command.icid);
  if (!maps.isMapped(ite.collection) || !maps.isMapped(collection)) return E_ITS.MOVI_UNMAPPED_COLLECTION;
  ite.collection = collection;
  cache.clear();
  lpis.retarget(ite.lpi, irqTargetOf(its, maps.collectionAt(collection)));
  return 0;
}

/** DISCARD. */
export function discard(its: ItsContext, command: Command): number {
  const { maps, cache, ram, policy } = its;
  const handle = iteOfCommand(its, command);
  if (handle === 0 || !maps.isMapped(maps.iteAt(handle).collection)) return E_ITS.DISCARD_UNMAPPED_INTERRUPT;
  const device = maps.device(command.device);
  const { ittHi, ittLo } = maps.deviceAt(device);
  cache.clear();
  maps.freeIte(device, handle);
  const at = join(ittHi, ittLo) + command.event * ENTRY_BYTES;
  return !policy.zeroesEntries || clearEntry(ram, at) ? 0 : -ERRNO.EFAULT;
}

/** INV. */
export function inv(its: ItsContext, command: Command): number {
  const handle = iteOfCommand(its, command);
  return handle === 0 ? E_ITS.INV_UNMAPPED_INTERRUPT : its.lpis.configure(its.maps.iteAt(handle).lpi);
}

/** INVALL: all LPIs of the collection's vCPU, of whatever ITS. */
export function invall(its: ItsContext, { icid }: Command): number {
  const collection = its.maps.collection(icid);
  if (!its.maps.isMapped(collection)) return E_ITS.INVALL_UNMAPPED_COLLECTION;
  return its.lpis.configureAll(irqTargetOf(its, its.maps.collectionAt(collection)));
}

/** CLEAR. */
export function clear(its: ItsContext, command: Command): number {
  const handle = iteOfCommand(its, command);
  if (handle === 0) return E_ITS.CLEAR_UNMAPPED_INTERRUPT;
  return its.lpis.clear(its.maps.iteAt(handle).lpi);
}

/** INT. */
export const int = (its: ItsContext, { device, event }: Command): number => trigger(its, device, event);

/** MOVALL: LPIs move, collections do not. */
export function movall(its: ItsContext, { target, secondTarget }: Command): number {
  const from = vcpuOf(its, target);
  const to = vcpuOf(its, secondTarget);
  if (from < 0 || to < 0) return E_ITS.MOVALL_PROCNUM_OOR;
  if (from === to) return 0;
  its.lpis.moveAll(its.policy.movall === 'all' ? 0 : from + 1, to + 1);
  its.cache.clear();
  return 0;
}
