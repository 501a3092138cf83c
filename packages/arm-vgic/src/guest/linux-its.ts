// The ITS driver of the guest's Linux: tables, command queue, devices, LPIs. Linux: drivers/irqchip/irq-gic-v3-its.c.

import { ENODEV, ENOSPC } from '@virq/irq-core/errors';
import { INTID } from '../irq/layout.ts';
import { COMMAND } from '../its/codes.ts';
import type { GuestAccess } from './access-types.ts';
import type { GuestDevice, GuestIrq, GuestState } from './layout.ts';
import {
  COMMAND_BYTES,
  CONFIG_TABLE,
  collectionTableOf,
  deviceTableOf,
  ittsOf,
  pendingTable,
  QUEUE_BYTES,
  queueOf,
  secondLevelOf,
} from './places.ts';

/** The driver; an ITS goes by its place in the device tree, a device by its slot. */
export interface LinuxIts {
  /** its_init: tables, queue, Enable, of each ITS. */
  init(cpu: number): void;
  /** its_cpu_init: LPIs of the CPU, and its collection in each ITS. */
  initCpu(cpu: number): void;
  /** its_create_device: its slot, or -ENODEV, -ENOSPC. A device that is known stays. */
  createDevice(cpu: number, of: { its: number; id: number; events: number }): number;
  /** its_irq_domain_activate. */
  activate(cpu: number, i: GuestIrq): void;
  /** its_irq_domain_deactivate. */
  deactivate(cpu: number, i: GuestIrq): void;
  /** its_msi_teardown, once nothing of the device is used. */
  freeDevice(cpu: number, slot: number): void;
  /** lpi_update_config: enabled or not, and the redistributor or the ITS is told. */
  configure(cpu: number, i: GuestIrq, enabled: boolean): void;
  move(cpu: number, i: GuestIrq, target: number): void;
  /** its_irq_set_irqchip_state: INT or CLEAR. */
  setPending(cpu: number, i: GuestIrq, on: boolean): void;
  /** Address devices write to: GITS_TRANSLATER. */
  doorbell(its: number): number;
}

const GITS = { CTLR: 0x0, CBASER: 0x80, CWRITER: 0x88, CREADR: 0x90, BASER: 0x100, TRANSLATER: 0x10040 } as const;
const GICR = { CTLR: 0x0, TYPER: 0x8, PROPBASER: 0x70, PENDBASER: 0x78, INVLPIR: 0xa0, SYNCR: 0xc0 } as const;
/** GICR_CTLR: EnableLPIs, IR (INVLPIR and INVALLR are there), RWP. */
const LPIS = { ENABLE: 1, IR: 4, RWP: 8 } as const;
/** GITS_CTLR: Enabled, Quiescent. */
const ENABLE = 1;
const QUIESCENT = 0x80000000;
/** Tables are valid, inner shareable and cached (RaWaWb). GICR_PENDBASER.PTZ is not set. */
const ATTRIBUTES = { LPI: 0x780n, ITS: (1n << 63n) | (7n << 59n) | (1n << 10n) } as const;
/** INTID bits of LPIs, less one (LPI_NRBITS). */
const LPI_BITS = 15n;
const BASER = {
  TYPE_DEVICE: 1n,
  TYPE_COLLECTION: 4n,
  ENTRY_8: 7n << 48n,
  INDIRECT: 1n << 62n,
  PAGES_64K: 0x200n,
} as const;
/** LPI_PROP_GROUP1 with priority C0; bit 0 enables. */
const PROPERTY = 0xc2;
/** LPIs there can be, and bytes of their configuration table. */
const LPIS_MAX = 0x10000 - INTID.LPI;
const VALID = 1n << 63n;
const PAGE_ENTRIES = 0x2000;
/** CREADR is read this often at most. */
const TRIES = 1000;

/** What the device tree says of ITSs. */
export interface ItsBases {
  readonly itsCount: () => number;
  readonly its: (its: number) => number;
}

const wide = (hi: number, lo: number | bigint): bigint => (BigInt(hi) << 32n) | BigInt(lo);

/** Creates the driver. */
export function createLinuxIts(bus: GuestAccess, guest: GuestState, bases: ItsBases): LinuxIts {
  const rdist = (cpu: number): number => guest.cpus.at(cpu).rdist;
  const device = (i: GuestIrq): GuestDevice => guest.devices.at(i.device - 1);

  /** its_send_single_command: the command, a SYNC for the redistributor that is concerned, the doorbell of the queue, and the wait for its end. */
  function send(cpu: number, its: number, words: readonly bigint[], sync = -1): void {
    const own = guest.its.at(its);
    const base = bases.its(its);
    const all = sync < 0 ? [words] : [words, [BigInt(COMMAND.SYNC), 0n, processor(sync) << 16n, 0n]];
    for (const command of all) {
      for (const [n, word] of command.entries()) storeWide(queueOf(its) + own.write + n * 8, word);
      own.write = (own.write + COMMAND_BYTES) % QUEUE_BYTES;
    }
    bus.store(cpu, base + GITS.CWRITER, 4, own.write);
    for (let n = 0; n < TRIES && bus.load(cpu, base + GITS.CREADR, 4) !== own.write; n++);
  }

  function storeWide(at: number, value: bigint): void {
    bus.storeWord(at, Number(value & 0xffffffffn));
    bus.storeWord(at + 4, Number(value >> 32n));
  }

  /** Processor number of a CPU's redistributor, as its GICR_TYPER[23:8] was read. */
  const processor = (cpu: number): bigint => BigInt(guest.cpus.at(cpu).processor);

  /** its_setup_baser. */
  function setBaser(cpu: number, its: number, n: number, value: bigint): void {
    bus.store64(cpu, bases.its(its) + GITS.BASER + n * 8, value | ATTRIBUTES.ITS | BASER.ENTRY_8 | BASER.PAGES_64K);
  }

  /** its_force_quiescent: tables can be written of an ITS that is off and has nothing to do. */
  function quiesce(cpu: number, base: number): void {
    const value = bus.load(cpu, base + GITS.CTLR, 4);
    if ((value & ENABLE) === 0 && value >= QUIESCENT) return;
    bus.store(cpu, base + GITS.CTLR, 4, value & ~ENABLE);
    for (let n = 0; n < TRIES && bus.load(cpu, base + GITS.CTLR, 4) < QUIESCENT; n++);
  }

  /** redist_disable_lpis: firmware, or the kernel before this one, has left LPIs on. */
  function disableLpis(cpu: number): void {
    const at = rdist(cpu) + GICR.CTLR;
    const value = bus.load(cpu, at, 4);
    if ((value & LPIS.ENABLE) === 0) return;
    bus.store(cpu, at, 4, value & ~LPIS.ENABLE);
    for (let n = 0; n < TRIES && (bus.load(cpu, at, 4) & LPIS.RWP) !== 0; n++);
  }

  function initOne(cpu: number, its: number): void {
    const base = bases.its(its);
    quiesce(cpu, base);
    setBaser(cpu, its, 0, (BASER.TYPE_DEVICE << 56n) | BASER.INDIRECT | BigInt(deviceTableOf(its)));
    setBaser(cpu, its, 1, (BASER.TYPE_COLLECTION << 56n) | BigInt(collectionTableOf(its)));
    const size = BigInt(QUEUE_BYTES / 4096 - 1);
    bus.store64(cpu, base + GITS.CBASER, BigInt(queueOf(its)) | ATTRIBUTES.ITS | size);
    bus.store64(cpu, base + GITS.CWRITER, 0n);
    bus.store(cpu, base + GITS.CTLR, 4, (bus.load(cpu, base + GITS.CTLR, 4) | ENABLE) >>> 0);
    Object.assign(guest.its.at(its), { ready: 1, write: 0, tables: 0, itts: 0 });
  }

  /** its_alloc_device_table: a page of the second level for the DeviceIDs around this one. */
  function secondLevel(its: number, id: number): void {
    const own = guest.its.at(its);
    const at = deviceTableOf(its) + Math.floor(id / PAGE_ENTRIES) * 8;
    if (bus.loadByte(at + 7) !== 0) return;
    storeWide(at, VALID | BigInt(secondLevelOf(its, own.tables++)));
  }

  /** alloc_lpi_range: the lowest LPIs that no device has. */
  function lpiRange(count: number): number {
    for (let first = INTID.LPI; first + count <= INTID.LPI + LPIS_MAX; first += count) {
      let isFree = true;
      for (let n = 0; n < guest.devices.length; n++) {
        const d = guest.devices.at(n);
        if (d.used === 1 && first < d.firstLpi + d.events && d.firstLpi < first + count) isFree = false;
      }
      if (isFree) return first;
    }
    return -ENOSPC;
  }

  function freeSlot(): number {
    for (let n = 0; n < guest.devices.length; n++) if (guest.devices.at(n).used === 0) return n;
    return -ENOSPC;
  }

  function findDevice(its: number, id: number): number {
    for (let n = 0; n < guest.devices.length; n++) {
      const d = guest.devices.at(n);
      if (d.used === 1 && d.its === its && d.id === id) return n;
    }
    return -1;
  }

  /** Opcode with the DeviceID, EventID with what is above it. */
  const of = (opcode: number, i: GuestIrq, above = 0): [bigint, bigint] => [
    wide(device(i).id, opcode),
    wide(above, i.event),
  ];

  function mapd(cpu: number, d: GuestDevice, valid: boolean): void {
    const size = BigInt(Math.log2(Math.max(2, d.events)) - 1);
    send(cpu, d.its, [wide(d.id, COMMAND.MAPD), size, BigInt(d.itt) | (valid ? VALID : 0n), 0n]);
  }

  return {
    init(cpu) {
      for (let n = 0; n < LPIS_MAX; n += 4) bus.storeWord(CONFIG_TABLE + n, (PROPERTY * 0x01010101) >>> 0);
      guest.directLpi = (bus.load(cpu, rdist(cpu) + GICR.CTLR, 4) & LPIS.IR) === 0 ? 0 : 1;
      for (let its = 0; its < bases.itsCount(); its++) initOne(cpu, its);
    },
    initCpu(cpu) {
      const base = rdist(cpu);
      guest.cpus.at(cpu).processor = Number((bus.load64(cpu, base + GICR.TYPER) >> 8n) & 0xffffn);
      disableLpis(cpu);
      bus.store64(cpu, base + GICR.PROPBASER, BigInt(CONFIG_TABLE) | ATTRIBUTES.LPI | LPI_BITS);
      bus.store64(cpu, base + GICR.PENDBASER, BigInt(pendingTable(cpu)) | ATTRIBUTES.LPI);
      bus.store(cpu, base + GICR.CTLR, 4, bus.load(cpu, base + GICR.CTLR, 4) | LPIS.ENABLE);
      for (let its = 0; its < bases.itsCount(); its++) {
        send(cpu, its, [BigInt(COMMAND.MAPC), 0n, VALID | (processor(cpu) << 16n) | BigInt(cpu), 0n], cpu);
        send(cpu, its, [BigInt(COMMAND.INVALL), 0n, BigInt(cpu), 0n], cpu);
      }
    },
    createDevice(cpu, { its, id, events }) {
      if (its >= bases.itsCount() || guest.its.at(its).ready === 0) return -ENODEV;
      const known = findDevice(its, id);
      if (known >= 0) return known;
      const slot = freeSlot();
      const count = 2 ** Math.ceil(Math.log2(events));
      const firstLpi = lpiRange(count);
      if (slot < 0 || firstLpi < 0) return -ENOSPC;
      secondLevel(its, id);
      const own = guest.its.at(its);
      Object.assign(guest.devices.at(slot), { used: 1, its, id, events: count, firstLpi, itt: ittsOf(its) + own.itts });
      own.itts += Math.max(256, count * 8);
      mapd(cpu, guest.devices.at(slot), true);
      return slot;
    },
    activate(cpu, i) {
      send(cpu, device(i).its, [...of(COMMAND.MAPTI, i, i.intid), BigInt(i.target), 0n], i.target);
    },
    deactivate(cpu, i) {
      send(cpu, device(i).its, [...of(COMMAND.DISCARD, i), 0n, 0n], i.target);
    },
    freeDevice(cpu, slot) {
      mapd(cpu, guest.devices.at(slot), false);
      guest.devices.at(slot).used = 0;
    },
    configure(cpu, i, enabled) {
      bus.storeByte(CONFIG_TABLE + i.intid - INTID.LPI, enabled ? PROPERTY | 1 : PROPERTY);
      if (guest.directLpi === 0) return send(cpu, device(i).its, [...of(COMMAND.INV, i), 0n, 0n], i.target);
      bus.store64(cpu, rdist(i.target) + GICR.INVLPIR, BigInt(i.intid));
      return void bus.load(cpu, rdist(i.target) + GICR.SYNCR, 4);
    },
    move(cpu, i, target) {
      send(cpu, device(i).its, [...of(COMMAND.MOVI, i), BigInt(target), 0n], target);
    },
    setPending(cpu, i, on) {
      send(cpu, device(i).its, [...of(on ? COMMAND.INT : COMMAND.CLEAR, i), 0n, 0n], i.target);
    },
    doorbell: (its) => bases.its(its) + GITS.TRANSLATER,
  };
}
