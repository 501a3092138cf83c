// What a VM's ITSs and LPIs are, in plain values, for comparisons.

import type { ArmChip } from '../../chip.ts';
import { PLACE } from '../layout.ts';

/** Devices, collections, LPIs, translations, lists: by numbers of the guest's. */
export function itsState({ its, state, lists, options }: ArmChip, index = 0) {
  const { maps } = (its.all[index] as (typeof its.all)[number]).context;
  const { deviceList, collectionList, cache, creadr } = state.its.at(index);
  const intidOf = (lpi: number): number => its.lpis.at(lpi).intid;
  const chain = <V extends { next: number }>(first: number, at: (h: number) => V): V[] => {
    const all: V[] = [];
    for (let h = first; h !== 0; h = at(h).next) all.push(at(h));
    return all;
  };
  const events = (first: number) =>
    chain(first, maps.iteAt).map(({ event, lpi, collection }) => ({
      event,
      intid: intidOf(lpi),
      icid: collection === 0 ? null : maps.collectionAt(collection).id,
    }));
  const lpis = Array.from({ length: its.lpis.table.count }, (_, place) => {
    const { intid, target, enabled, priority, pendingLatch, refs, vcpu } = its.lpis.at(its.lpis.table.at(place));
    return { intid, target, enabled, priority, pendingLatch, refs, vcpu };
  });
  const entries = policyCacheIsList(its) ? state.lru : cache;
  const translations = Array.from({ length: entries.length }, (_, i) => entries.at(i))
    .filter((e) => e.state === PLACE.USED)
    .map((e) => [e.device, e.event, intidOf(e.lpi)])
    .sort();
  const listed = Array.from({ length: options.vcpus }, (_, vcpu) => {
    const on: number[] = [];
    for (let at = lists.apLists.at(vcpu).first; at !== 0; at = lists.irqs.at(at - 1).next)
      on.push(lists.irqs.at(at - 1).intid);
    return on;
  });
  const devices = chain(deviceList.first, maps.deviceAt).map((d) => ({
    id: d.id,
    bits: d.bits,
    events: events(d.list.first),
  }));
  const collections = chain(collectionList.first, maps.collectionAt).map(({ id, target }) => ({ id, target }));
  return { creadr, devices, collections, lpis, translations, listed };
}

const policyCacheIsList = (its: ArmChip['its']): boolean => its.all[0]?.context.policy.cache === 'lru';
