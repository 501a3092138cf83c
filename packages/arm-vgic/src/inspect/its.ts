// ITSs: registers, devices with their ITEs, collections, translation caches. Linux: debugfs `vgic-its-state@…`.

import type { CompositeArray, View } from '@virq/irq-core/arena';
import type { InspectSection } from '@virq/irq-core/backend';
import type { ArmChip } from '../chip.ts';
import { type CacheEntry, type ItsState, PLACE, UNMAPPED } from '../its/layout.ts';
import { BASER, tableAt, tableBytes } from '../its/tables.ts';
import { address, hex } from './text.ts';

const table = (name: string, hi: number, lo: number): string => {
  if (hi < BASER.VALID) return `${name} table none`;
  const kind = (hi & BASER.INDIRECT) === 0 ? 'flat' : 'two-level';
  return `${name} table @${hex(tableAt(hi, lo), 8)} ${kind} ${tableBytes(lo) / 1024} KiB`;
};

function headLine(s: ItsState): string {
  const queue =
    s.cbaserHi < BASER.VALID
      ? 'no command queue'
      : `queue ${address(s.cbaserHi & 0xfffff, (s.cbaserLo & 0xffff0000) >>> 0)} CREADR ${hex(s.creadr)} CWRITER ${hex(s.cwriter)}`;
  const tables = `${table('device', s.deviceTableHi, s.deviceTableLo)}, ${table('collection', s.collectionTableHi, s.collectionTableLo)}`;
  return `${s.enabled === 1 ? 'on' : 'off'}, ${queue}, ${tables}`;
}

const targetOf = (target: number): string => (target === UNMAPPED ? 'not mapped' : `vCPU id ${target}`);

function collectionLines(s: ItsState): string[] {
  const lines: string[] = [];
  for (let h = s.collectionList.first; h !== 0; h = s.collections.at(h).next) {
    const { id, target } = s.collections.at(h);
    lines.push(`collection ${id} ${targetOf(target)}`);
  }
  return lines;
}

type Lpis = ArmChip['state']['irqs']['lpis'];

/** The host interrupt whose event a GICv4 makes this vLPI of. */
const forwardedTo = ({ hw, hostIrq }: { hw: number; hostIrq: number }): string =>
  hw === 1 ? ` vLPI, host irq ${hostIrq}` : '';

function deviceLines(s: ItsState, lpis: Lpis): string[] {
  const lines: string[] = [];
  for (let h = s.deviceList.first; h !== 0; h = s.devices.at(h).next) {
    const d = s.devices.at(h);
    lines.push(`device ${hex(d.id, 4)} ITT ${address(d.ittHi, d.ittLo)} ${d.bits} event bits`);
    for (let i = d.list.first; i !== 0; i = s.ites.at(i).next) {
      const ite = s.ites.at(i);
      const collection = ite.collection === 0 ? 'no collection' : `collection ${s.collections.at(ite.collection).id}`;
      lines.push(`    event ${ite.event} LPI ${lpis.at(ite.lpi).intid} ${collection}${forwardedTo(lpis.at(ite.lpi))}`);
    }
  }
  return lines;
}

type Entries = CompositeArray<View<typeof CacheEntry>>;

/** Cached translations in the order of the cache: that of the VM has the last used first. */
function cacheLines(entries: Entries, lpiOf: (handle: number) => number): string[] {
  const lines: string[] = [];
  for (let n = 0; n < entries.length; n++) {
    const e = entries.at(n);
    if (e.state === PLACE.USED) lines.push(`cached ${hex(e.device, 4)}:${e.event} LPI ${lpiOf(e.lpi)}`);
  }
  return lines;
}

/** A section for each ITS, and one for a cache that is the VM's. */
export function itsSections(c: ArmChip): InspectSection[] {
  const { its, state } = c;
  const lpiOf = (handle: number): number => state.irqs.lpis.at(handle).intid;
  const sections = its.all.map((_, n): InspectSection => {
    const s = state.its.at(n);
    const lines = [
      headLine(s),
      ...collectionLines(s),
      ...deviceLines(s, state.irqs.lpis),
      ...cacheLines(s.cache, lpiOf),
    ];
    return { title: `ITS ${n}${s.hasBase === 1 ? ` ${address(s.baseHi, s.baseLo)}` : ''}`, lines };
  });
  return [...sections, { title: 'Translation cache of the VM', lines: cacheLines(state.lru, lpiOf) }];
}
