// LPIs that a command works on one after the other. Linux: vgic-its.c vgic_its_free_device, update_affinity_collection, vgic_its_invall, vgic_its_cmd_handle_movall.

import type { ItsContext } from './context.ts';
import { EACH, type Work } from './work.ts';

/** An ITE of the device goes, and leaves its reference to be dropped. */
function nextOfDevice({ maps }: ItsContext, w: Work): boolean {
  const { first } = maps.deviceAt(w.handle).list;
  if (first === 0) return false;
  w.put = maps.removeIte(w.handle, first);
  return true;
}

/** The ITE holds its LPI. */
function nextOfCollection({ maps }: ItsContext, w: Work): boolean {
  do {
    if (w.ite === 0) w.cursor = w.cursor === 0 ? maps.firstDevice() : maps.deviceAt(w.cursor).next;
    if (w.cursor === 0) return false;
    w.ite = w.ite === 0 ? maps.deviceAt(w.cursor).list.first : maps.iteAt(w.ite).next;
  } while (w.ite === 0 || maps.iteAt(w.ite).collection !== w.handle);
  w.lpi = maps.iteAt(w.ite).lpi;
  return true;
}

/** In the order of INTIDs, each held while it is worked on; one that is going already is passed over. */
function nextOfAll({ lpis }: ItsContext, w: Work): boolean {
  const { table } = lpis;
  for (let place = table.placeOf(w.cursor); place < table.count; place++) {
    const lpi = table.at(place);
    w.cursor = lpis.at(lpi).intid + 1;
    if (!lpis.tryHold(lpi)) continue;
    w.lpi = lpi;
    w.put = lpi;
    return true;
  }
  return false;
}

const NEXT: readonly ((its: ItsContext, w: Work) => boolean)[] = Object.assign([], {
  [EACH.NONE]: () => false,
  [EACH.ITES]: nextOfDevice,
  [EACH.COLLECTION]: nextOfCollection,
  [EACH.LPIS]: nextOfAll,
});

/** Goes to the next one: false when there is none. */
export const nextOfEach = (its: ItsContext, w: Work): boolean => NEXT[w.each]?.(its, w) ?? false;
