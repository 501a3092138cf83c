// A VM with ITSs and nothing else of a GIC: redistributors are three constants each, a queued interrupt is noted when it could be delivered.

import { array, createArena, struct } from '@virq/irq-core/arena';
import { createTrace, type TraceEvent } from '@virq/irq-core/events';
import { irqsLayout } from '../../irq/layout.ts';
import { oracle } from '../../irq/state.ts';
import { memoryLayout } from '../../memory/layout.ts';
import { createRam } from '../../memory/ram.ts';
import { createCache } from '../cache.ts';
import { COMMAND } from '../codes.ts';
import { createIts, type Its } from '../its.ts';
import { CacheEntry, itsLayout } from '../layout.ts';
import { createLpis } from '../lpis.ts';
import { createMsiPort } from '../msi.ts';
import { ITS_POLICIES, type ItsPolicy } from '../policy.ts';

/** Where things lie. */
export const AT = {
  ITS: 0x8080000,
  DEVICES: 0x40200000,
  COLLECTIONS: 0x40210000,
  QUEUE: 0x40220000,
  CONFIG: 0x40300000,
  PENDING: 0x40400000,
  ITT: 0x40100000,
} as const;

export const DOORBELL = AT.ITS + 0x10040;

export interface ItsVmOptions {
  readonly policy?: Partial<ItsPolicy>;
  readonly count?: number;
  readonly vcpus?: number;
  /** Id of the first vCPU; they count from there. */
  readonly firstId?: number;
}

/** Doublewords of commands. */
export const command = {
  mapd: (device: number, itt: number, bits: number, valid = true) =>
    [
      BigInt(COMMAND.MAPD) | (BigInt(device) << 32n),
      BigInt(bits - 1),
      BigInt(itt) | (valid ? 1n << 63n : 0n),
      0n,
    ] as const,
  mapc: (icid: number, target: number, valid = true) =>
    [BigInt(COMMAND.MAPC), 0n, BigInt(icid) | (BigInt(target) << 16n) | (valid ? 1n << 63n : 0n), 0n] as const,
  mapti: (device: number, event: number, [intid, icid]: readonly [number, number]) =>
    [
      BigInt(COMMAND.MAPTI) | (BigInt(device) << 32n),
      BigInt(event) | (BigInt(intid) << 32n),
      BigInt(icid),
      0n,
    ] as const,
  event: (opcode: number, device: number, event: number, icid = 0) =>
    [BigInt(opcode) | (BigInt(device) << 32n), BigInt(event), BigInt(icid), 0n] as const,
  movall: (from: number, to: number) => [BigInt(COMMAND.MOVALL), 0n, BigInt(from) << 16n, BigInt(to) << 16n] as const,
};

const layoutOf = (count: number, vcpus: number) =>
  struct('itsVm', {
    memory: memoryLayout({ frames: 512, memslots: 2 }),
    irqs: irqsLayout({ vcpus, spis: 32, lpis: 512 }),
    its: array(itsLayout({ devices: 16, ites: 512, collections: 16, cache: 1024 }), count),
    lru: array(CacheEntry, 16 * vcpus),
  });

/** Creates one; ITSs are enabled when `enable` is called. */
export function createItsVm({ policy: changes = {}, count = 1, vcpus = 4, firstId = 0 }: ItsVmOptions = {}) {
  const policy = { ...ITS_POLICIES['7.3'], ...changes };
  const arena = createArena(layoutOf(count, vcpus));
  const { root } = arena;
  const ram = createRam(root.memory);
  ram.map(0x40000000, 0x1000000);
  const enabled = Array.from({ length: vcpus }, () => true);
  const rules: { idBits: number; config: number } = { idBits: 16, config: AT.CONFIG };
  const redistributors = {
    vcpus,
    indexOf: (id: number) => (id >= firstId && id < firstId + vcpus ? id - firstId : -1),
    idBits: () => rules.idBits,
    configTable: () => rules.config,
    pendingTable: (vcpu: number) => AT.PENDING + vcpu * 0x10000,
    enabled: (vcpu: number) => enabled[vcpu] === true,
  };
  /** INTID and vCPU of what was queued, in order; taking one clears its latch as an LR does. */
  const delivered: [intid: number, vcpu: number][] = [];
  const queue = (lpi: number): void => {
    const irq = root.irqs.lpis.at(lpi);
    const target = oracle(irq, true);
    if (target === 0) return;
    delivered.push([irq.intid, target - 1]);
    irq.pendingLatch = 0;
  };
  const trace = createTrace();
  const events: TraceEvent[] = [];
  trace.on = true;
  trace.listener = (event) => events.push(event);
  const lpis = createLpis({ irqs: root.irqs, ram, redistributors, queue });
  const lru = createCache({ entries: root.lru, policy, lpis });
  const all: Its[] = Array.from({ length: count }, (_, i) => {
    const state = root.its.at(i);
    const cache = policy.cache === 'lru' ? lru : createCache({ entries: state.cache, policy, lpis });
    const its = createIts(state, { ram, lpis, redistributors, policy, trace }, cache);
    its.init();
    its.setBase(AT.ITS + i * 0x20000);
    return its;
  });
  const its = all[0] as Its;

  function store64(at: number, value: bigint): void {
    ram.store(at, Number(value & 0xffffffffn));
    ram.store(at + 4, Number(value >> 32n));
  }
  const load64 = (at: number): string =>
    ((BigInt(ram.load(at + 4)) << 32n) | BigInt(ram.load(at))).toString(16).toUpperCase().padStart(16, '0');

  /** Gives a command to an ITS and returns what was found wrong with it, 0 for nothing. */
  function run(words: readonly bigint[], on = its): unknown {
    events.length = 0;
    const offset = Number(on.read64(0x88));
    const queueBase = Number(on.read64(0x80) & 0xffffffff0000n);
    for (const [i, word] of words.entries()) store64(queueBase + offset + i * 8, word);
    on.write64(0x88, BigInt((offset + 32) % 0x10000));
    return events.find((e) => e.name === 'its_command_error')?.fields['error'] ?? 0;
  }

  /** Tables and queue, then Enable. */
  function enable(on = its, { shift = 0, devices = 1n << 63n } = {}): void {
    on.write64(0x100, devices | BigInt(AT.DEVICES + shift));
    on.write64(0x108, (1n << 63n) | BigInt(AT.COLLECTIONS + shift));
    on.write64(0x80, (1n << 63n) | BigInt(AT.QUEUE + shift) | 15n);
    on.write(0, 4, 1);
  }
  /** Configuration byte of an LPI. */
  const configure = (intid: number, on: boolean): void => {
    ram.storeByte(AT.CONFIG + intid - 8192, on ? 0xa3 : 0xa2);
  };

  return {
    arena,
    root,
    ram,
    its,
    all,
    lpis,
    delivered,
    events,
    enabled,
    rules,
    run,
    enable,
    configure,
    store64,
    load64,
    msi: createMsiPort({ all, lpis }),
  };
}

/** The mapping of kvm-unit-tests: device 2 event 20 is LPI 8195 in collection 3, device 7 event 255 LPI 8196 in collection 2. */
export function mapTwo(vm: ReturnType<typeof createItsVm>): void {
  for (const intid of [8195, 8196]) vm.configure(intid, true);
  vm.enable();
  for (const words of [
    command.mapd(2, AT.ITT, 8),
    command.mapd(7, AT.ITT + 0x10000, 8),
    command.mapc(3, 3),
    command.mapc(2, 2),
    command.mapti(2, 20, [8195, 3]),
    command.mapti(7, 255, [8196, 2]),
  ])
    vm.run(words);
}
