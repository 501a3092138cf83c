// Commands on what is mapped, with KVM's checks in its order. Linux: vgic-its.c vgic_its_cmd_handle_movi, _discard, _inv, _invall, _clear, _int, _movall.

import { ERRNO } from '@virq/irq-core/errors';
import { E_ITS } from './codes.ts';
import { type ItsContext, irqTargetOf, vcpuOf } from './context.ts';
import { clearEntry, ENTRY_BYTES, join } from './entries.ts';
import { isLpi, translate } from './translate.ts';
import { EACH, EFFECT, type Work } from './work.ts';

const iteOfCommand = ({ maps }: ItsContext, { device, event }: Work): number => maps.ite(maps.device(device), event);

/** MOVI. */
export function movi(its: ItsContext, w: Work): number {
  const { maps } = its;
  const handle = iteOfCommand(its, w);
  if (handle === 0) return E_ITS.MOVI_UNMAPPED_INTERRUPT;
  const ite = maps.iteAt(handle);
  const collection = maps.collection(w.icid);
  if (!maps.isMapped(ite.collection) || !maps.isMapped(collection)) return E_ITS.MOVI_UNMAPPED_COLLECTION;
  ite.collection = collection;
  w.forget = 1;
  w.lpi = ite.lpi;
  w.effect = EFFECT.RETARGET;
  w.target = irqTargetOf(its, maps.collectionAt(collection));
  return 0;
}

/** DISCARD. */
export function discard(its: ItsContext, w: Work): number {
  const { maps } = its;
  const handle = iteOfCommand(its, w);
  if (handle === 0 || !maps.isMapped(maps.iteAt(handle).collection)) return E_ITS.DISCARD_UNMAPPED_INTERRUPT;
  w.forget = 1;
  w.put = maps.removeIte(maps.device(w.device), handle);
  return 0;
}

/** The rest of DISCARD. */
export function finishDiscard({ maps, ram, policy }: ItsContext, w: Work): number {
  const { ittHi, ittLo } = maps.deviceAt(maps.device(w.device));
  const at = join(ittHi, ittLo) + w.event * ENTRY_BYTES;
  return !policy.zeroesEntries || clearEntry(ram, at) ? 0 : -ERRNO.EFAULT;
}

function onLpi(its: ItsContext, w: Work, effect: number): boolean {
  const handle = iteOfCommand(its, w);
  if (handle === 0) return false;
  w.lpi = its.maps.iteAt(handle).lpi;
  w.effect = effect;
  return true;
}

/** INV. */
export const inv = (its: ItsContext, w: Work): number =>
  onLpi(its, w, EFFECT.CONFIGURE) ? 0 : E_ITS.INV_UNMAPPED_INTERRUPT;

/** INVALL: all LPIs of the collection's vCPU, of whatever ITS. */
export function invall(its: ItsContext, w: Work): number {
  const collection = its.maps.collection(w.icid);
  if (!its.maps.isMapped(collection)) return E_ITS.INVALL_UNMAPPED_COLLECTION;
  w.each = EACH.LPIS;
  w.effect = EFFECT.CONFIGURE;
  w.filter = irqTargetOf(its, its.maps.collectionAt(collection));
  return 0;
}

/** The rest of INVALL: what of them is forwarded. */
export function finishInvall({ lpis }: ItsContext, { filter }: Work): number {
  if (filter !== 0) lpis.forwarding.invalidateAll(filter - 1);
  return 0;
}

/** CLEAR. */
export const clear = (its: ItsContext, w: Work): number =>
  onLpi(its, w, EFFECT.CLEAR) ? 0 : E_ITS.CLEAR_UNMAPPED_INTERRUPT;

/** INT. */
export function int(its: ItsContext, w: Work): number {
  const lpi = translate(its, w.device, w.event);
  if (!isLpi(lpi)) return lpi;
  w.keep = 1;
  w.lpi = lpi;
  w.effect = EFFECT.TRIGGER;
  return 0;
}

/** MOVALL: LPIs move, collections do not. */
export function movall(its: ItsContext, w: Work): number {
  const from = vcpuOf(its, w.rdbase);
  const to = vcpuOf(its, w.second);
  if (from < 0 || to < 0) return E_ITS.MOVALL_PROCNUM_OOR;
  if (from === to) return 0;
  w.each = EACH.LPIS;
  w.effect = EFFECT.RETARGET;
  w.filter = its.policy.movall === 'all' ? 0 : from + 1;
  w.target = to + 1;
  w.forget = 1;
  return 0;
}
