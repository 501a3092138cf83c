// From an event to its LPI. Linux: vgic-its.c vgic_its_resolve_lpi, vgic_its_trigger_msi.

import { ERRNO } from '@virq/irq-core/errors';
import { E_ITS } from './codes.ts';
import { type ItsContext, vcpuOf } from './context.ts';

/** Offset of GITS_TRANSLATER from the ITS base: where devices write their MSIs. */
const TRANSLATER = 0x10040;

/** Largest handle of a pool; codes of {@link E_ITS} lie above. */
const HANDLE_MAX = 0xffff;

/** True for the result of {@link resolve} that is a handle. */
export const isLpi = (result: number): boolean => result > 0 && result <= HANDLE_MAX;

/** Address devices write their MSIs to. */
export const doorbellOf = ({ state }: ItsContext): number => state.baseHi * 2 ** 32 + state.baseLo + TRANSLATER;

/** Handle of an event's LPI; -EBUSY while the ITS or the target's LPIs are off, else the code of INT. */
export function translate(its: ItsContext, device: number, event: number): number {
  const { state, maps, redistributors } = its;
  if (state.enabled === 0) return -ERRNO.EBUSY;
  const handle = maps.ite(maps.device(device), event);
  if (handle === 0) return E_ITS.INT_UNMAPPED_INTERRUPT;
  const { collection, lpi } = maps.iteAt(handle);
  const vcpu = maps.isMapped(collection) ? vcpuOf(its, maps.collectionAt(collection).target) : -1;
  if (vcpu < 0) return E_ITS.INT_UNMAPPED_INTERRUPT;
  return redistributors.enabled(vcpu) ? lpi : -ERRNO.EBUSY;
}

/** vgic_its_resolve_lpi: the same, and a translation is in the cache then. */
export function resolve(its: ItsContext, device: number, event: number): number {
  const lpi = translate(its, device, event);
  if (isLpi(lpi) && its.lpis.at(lpi).hw === 0) its.cache.insert(doorbellOf(its), device, event, lpi);
  return lpi;
}

/** Makes an event's LPI pending: 0, or what {@link resolve} answers instead. */
export function trigger(its: ItsContext, device: number, event: number): number {
  const lpi = resolve(its, device, event);
  return isLpi(lpi) ? its.lpis.raise(lpi) : lpi;
}
