// A small machine with an ITS for the checker: device 0 with its events, LPIs from 8192 on, commands that stand in the queue before the check begins.

import type { Machine, MachineOptions, Vm } from '@virq/irq-core/machine';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import type { ArmChip } from '../chip.ts';
import armVgic from '../index.ts';
import type { Irq } from '../irq/layout.ts';
import { type CommandFields, encode } from '../its/encode.ts';
import type { Its } from '../its/its.ts';
import { PLACE } from '../its/layout.ts';
import { ittPlace } from '../its/places.ts';
import { enqueue } from '../its/submit.ts';
import { VGIC_VERSIONS } from '../kernel.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { BASE } from '../options.ts';

/** The first LPI of the models. */
export const LPI = 8192;
/** GITS_TRANSLATER of the first ITS. */
export const DOORBELL = BASE.GITS + 0x10040;
const COMMAND_BYTES = 32;

/** Sizes of the machine. */
export interface ItsMachineSizes {
  readonly vcpus?: number;
  readonly itss?: number;
  readonly lpis?: number;
  /** Frames of guest memory that are written, a power of two. */
  readonly frames?: number;
  /** Process slots. */
  readonly processes: number;
  /** Index into {@link VGIC_VERSIONS}. */
  readonly kernel: number;
  /** Kernel paths and agents that have to be known beside those of the backend. */
  readonly paths?: readonly unknown[];
}

/** A machine as the models see it. */
export interface ItsModelMachine extends Machine {
  readonly vms: readonly (Vm & { readonly chip: ArmChip })[];
}

/** Scope parameter of families whose kernels differ. */
export const itsKernelScope = {
  says: `whose VGIC: ${VGIC_VERSIONS.map((v, i) => `${i} ${v}`).join(', ')}`,
  default: VGIC_VERSIONS.length - 1,
  min: 0,
  max: VGIC_VERSIONS.length - 1,
} as const;

/** Options with room for what the models do and no more. */
export const itsMachine = ({
  vcpus = 1,
  itss = 1,
  lpis = 2,
  frames = 2 * itss,
  processes,
  kernel,
  paths = [],
}: ItsMachineSizes): MachineOptions => ({
  vms: [
    {
      name: 'guest',
      backend: armVgic as never,
      options: { cpus: vcpus, its: itss, lpis, nr_irqs: 64, nr_lr: 1, frames, vgic: VGIC_VERSIONS[kernel] },
      limits: { vcpus, gsis: 32, routes: 32, irqfds: 1 },
    },
  ],
  devices: [],
  host: { mapped_irqs: 1 },
  agents: paths as readonly AnyProtocol<Machine>[],
  limits: { eventfds: 1, processes, irqs: 1, bypass: 1 },
});

/** Starts a process of a model. */
export function spawn(m: Machine, protocol: unknown, args: Readonly<Record<string, number>> = {}): void {
  (m.processes.spawn as (protocol: unknown, args: object) => number)(protocol, args);
}

/** The VM's chip. */
export const chipOf = (m: Machine): ArmChip => m.vms[0]?.chip as ArmChip;
export const itsAt = (m: Machine, its = 0): Its => chipOf(m).its.all[its] as Its;
/** An LPI by its INTID, null while there is none. */
export function lpiOf(m: Machine, intid = LPI): Irq | null {
  const { lpis } = chipOf(m).its;
  const lpi = lpis.find(intid);
  return lpi === 0 ? null : lpis.at(lpi);
}

/** The guest carries out a command before the check begins. */
export function command(m: Machine, name: Parameters<typeof encode>[0], fields: CommandFields, its = 0): void {
  const on = itsAt(m, its);
  on.set(0x88, { lo: enqueue(chipOf(m).its.ram, on, encode(name, fields)), hi: 0 });
}

/** A command waits in the queue: the GITS_CWRITER that makes the ITS take it, and those before it. */
export function queued(
  m: Machine,
  name: Parameters<typeof encode>[0],
  fields: CommandFields,
  at: { its?: number; place?: number } = {},
): number {
  const { its = 0, place = 0 } = at;
  const on = itsAt(m, its);
  const { state } = on.context;
  state.cwriter += place * COMMAND_BYTES;
  const written = enqueue(chipOf(m).its.ram, on, encode(name, fields));
  state.cwriter -= place * COMMAND_BYTES;
  return written;
}

/** The distributor on; collections 0, 1, … on vCPUs 0, 1, …; event n of device 0 mapped to LPI 8192 + n in collection 0. LPIs are enabled, though their table in memory is empty. */
export function mapEvents(m: Machine, events: number, its = 0): void {
  const { state, options } = chipOf(m);
  state.dist.enabled = 1;
  command(m, 'MAPD', { device: 0, bits: 2, itt: BigInt(ittPlace(its, 0)) }, its);
  for (let icid = 0; icid < options.vcpus; icid++) command(m, 'MAPC', { icid, target: icid }, its);
  for (let event = 0; event < events; event++) {
    command(m, 'MAPTI', { device: 0, event, intid: LPI + event }, its);
    const irq = lpiOf(m, LPI + event);
    if (irq !== null) irq.enabled = 1;
  }
}

/** Locals of an MSI of device 0. */
export const messageOf = (event: number) => ({ addressLo: DOORBELL, event, device: 0, flags: 1 });

/** An MSI before the check begins, so that its translation is cached; the guest has taken it. */
export function warm(m: Machine, event = 0): void {
  chipOf(m).its.msi.inject({ addressLo: DOORBELL, addressHi: 0, data: event, devid: 0, flags: 1 });
  const irq = lpiOf(m, LPI + event);
  if (irq !== null) irq.pendingLatch = 0;
  (m.processes.call as (protocol: unknown, args: object) => void)(vgicPruneApList, { vm: 0, vcpu: 0 });
}

/** Translations in a cache, that of 6.1 with the first ITS: DeviceID, EventID, handle of the LPI. */
export function translationsOf(m: Machine, its = 0): (readonly [number, number, number])[] {
  const { state, context } = chipOf(m);
  const isList = context.profile.its.cache === 'lru';
  if (isList && its > 0) return [];
  const cache = isList ? state.lru : state.its.at(its).cache;
  const found: (readonly [number, number, number])[] = [];
  for (let i = 0; i < cache.length; i++) {
    const { state: place, device, event, lpi } = cache.at(i);
    if (place === PLACE.USED) found.push([device, event, lpi]);
  }
  return found;
}

/** References that ITEs, translations and lists have to an LPI. */
function holdersOf(m: Machine, lpi: number): number {
  const { its, state } = chipOf(m);
  let holders = 0;
  for (const [i, { context }] of its.all.entries()) {
    context.maps.eachIte((ite) => {
      if (ite.lpi === lpi) holders++;
    });
    holders += translationsOf(m, i).filter(([, , cached]) => cached === lpi).length;
  }
  return holders + (state.irqs.lpis.at(lpi).vcpu === 0 ? 0 : 1);
}

/** When nobody works on them any more: each LPI counts who holds it, and is in the table. */
export function countsAgree(m: Machine): boolean {
  const { lpis } = chipOf(m).state.irqs;
  for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) {
    const lpi = lpis.handleOf(i);
    if (lpis.at(lpi).refs !== holdersOf(m, lpi) || lpis.at(lpi).refs === 0) return false;
  }
  return true;
}

/** Every LPI that an ITE names is found by its INTID, while nobody changes the ITS or the table. */
export function mappedAreFound(m: Machine): boolean {
  const { its, state } = chipOf(m);
  if (state.irqs.lpiLock.holder !== 0) return true;
  let all = true;
  for (const { context } of its.all) {
    if (context.state.itsLock.holder !== 0) continue;
    context.maps.eachIte(({ lpi }) => {
      if (its.lpis.find(its.lpis.at(lpi).intid) !== lpi) all = false;
    });
  }
  return all;
}

/** A translation in the cache is that of the tables, while nobody changes the ITS. */
export function translationsAreTrue(m: Machine): boolean {
  const { its } = chipOf(m);
  return its.all.every(({ context: { state, maps } }, i) => {
    if (state.itsLock.holder !== 0) return true;
    return translationsOf(m, i).every(([device, event, lpi]) => {
      const ite = maps.ite(maps.device(device), event);
      return ite !== 0 && maps.iteAt(ite).lpi === lpi && maps.isMapped(maps.iteAt(ite).collection);
    });
  });
}
