// The GICv3 driver of the guest's Linux. Linux: drivers/irqchip/irq-gic-v3.c.

import { INTID } from '../irq/layout.ts';
import type { GuestAccess } from './access-types.ts';
import { type GicDriver, SPECIAL } from './driver.ts';
import {
  configureIrq,
  configurePrivate,
  configureSpis,
  GICD,
  linesOf,
  peek,
  poke,
  STATE_REGISTERS,
} from './gic-common.ts';
import type { GuestState } from './layout.ts';

/** GICD_CTLR: ARE_NS, both enables of the view with one security state. */
const CTLR_ON = 0x13;
/** GICD_TYPER2.nASSGIcap, GICD_CTLR.nASSGIreq. */
const NASSGI = 1 << 8;
const TYPER2 = 0x00c;
/** GICR frame for SGIs and PPIs, and what one redistributor takes. */
const SGI_FRAME = 0x10000;
const RDIST_BYTES = 0x20000;
const GICR = { TYPER: 0x08, WAKER: 0x14, PIDR2: 0xffe8 } as const;
/** GICR_PIDR2[7:4] of a GICv3 and of a GICv4. */
const ARCHITECTURES: readonly number[] = [0x30, 0x40];
/** GICR_TYPER.Last; GICR_WAKER.ProcessorSleep and ChildrenAsleep. */
const LAST = 1n << 4n;
const SLEEP = 2;
const CHILDREN_ASLEEP = 4;
/** GICV3_PRIO_IRQ, DEFAULT_PMR_VALUE. */
const PRIORITY = 0xc0;
const PMR = 0xf0;
/** ICC_CTLR_EL1.EOImode. */
const EOIMODE = 2;
/** GICR_WAKER is read this often at most, and redistributors of a region. */
const TRIES = 1000;

/** What the device tree says: the distributor, the first redistributor of each region, and the affinity of each CPU (cpu_logical_map). */
export interface GicV3Bases {
  readonly dist: () => number;
  readonly redistributors: () => readonly number[];
  readonly affinity: (cpu: number) => number;
}

/** Creates the driver. */
export function createLinuxGicV3(bus: GuestAccess, guest: GuestState, bases: GicV3Bases): GicDriver {
  const dist = (offset: number): number => bases.dist() + offset;
  const rdist = (cpu: number): number => guest.cpus.at(cpu).rdist;
  /** Base of the registers of an interrupt. */
  const baseOf = (cpu: number, intid: number): number => (intid < INTID.SPI ? rdist(cpu) + SGI_FRAME : bases.dist());

  /** gic_populate_rdist: the redistributor whose GICR_TYPER has this CPU's affinity; 0 for none. */
  function find(cpu: number): number {
    const own = BigInt(bases.affinity(cpu));
    for (const first of bases.redistributors()) {
      if (!ARCHITECTURES.includes(bus.load(cpu, first + GICR.PIDR2, 4) & 0xf0)) break;
      for (let n = 0, typer = 0n; n < TRIES && (typer & LAST) === 0n; n++) {
        typer = bus.load64(cpu, first + n * RDIST_BYTES + GICR.TYPER);
        if (typer >> 32n === own) return first + n * RDIST_BYTES;
      }
    }
    return 0;
  }

  /** gic_enable_redist. */
  function wake(cpu: number): void {
    const at = rdist(cpu) + GICR.WAKER;
    bus.store(cpu, at, 4, bus.load(cpu, at, 4) & ~SLEEP);
    for (let n = 0; n < TRIES && (bus.load(cpu, at, 4) & CHILDREN_ASLEEP) !== 0; n++);
  }

  /** gic_cpu_sys_reg_init. */
  function initInterface(cpu: number): void {
    bus.msr(cpu, 'ICC_PMR_EL1', PMR);
    bus.msr(cpu, 'ICC_BPR1_EL1', 0);
    bus.msr(cpu, 'ICC_CTLR_EL1', guest.eoimode === 1 ? EOIMODE : 0);
    bus.msr(cpu, 'ICC_AP0R0_EL1', 0);
    bus.msr(cpu, 'ICC_AP1R0_EL1', 0);
    bus.msr(cpu, 'ICC_IGRPEN1_EL1', 1);
  }

  return {
    initDistributor(cpu) {
      guest.lines = linesOf(bus.load(cpu, dist(GICD.TYPER), 4));
      const capable = (bus.load(cpu, dist(TYPER2), 4) & NASSGI) !== 0;
      bus.store(cpu, dist(GICD.CTLR), 4, 0);
      for (let i = 32; i < guest.lines; i += 32) bus.store(cpu, dist(GICD.IGROUPR + i / 8), 4, 0xffffffff);
      configureSpis(bus, cpu, dist(0), { lines: guest.lines, priority: PRIORITY });
      bus.store(cpu, dist(GICD.CTLR), 4, CTLR_ON | (capable ? NASSGI : 0));
      const affinity = BigInt(bases.affinity(cpu));
      for (let i = 32; i < guest.lines; i++) bus.store64(cpu, dist(GICD.IROUTER + i * 8), affinity);
    },
    initCpu(cpu) {
      bus.msr(cpu, 'ICC_SRE_EL1', 1);
      guest.cpus.at(cpu).rdist = find(cpu);
      wake(cpu);
      bus.store(cpu, rdist(cpu) + SGI_FRAME + GICD.IGROUPR, 4, 0xffffffff);
      configurePrivate(bus, cpu, rdist(cpu) + SGI_FRAME, PRIORITY);
      initInterface(cpu);
    },
    setType(cpu, intid, edge) {
      const error = configureIrq(bus, cpu, baseOf(cpu, intid), { intid, edge });
      return intid < INTID.SPI ? 0 : error;
    },
    setAffinity(cpu, intid, target) {
      const isEnabled = peek(bus, cpu, dist(GICD.ISENABLER), intid) === 1;
      if (isEnabled) poke(bus, cpu, dist(GICD.ICENABLER), intid);
      bus.store64(cpu, dist(GICD.IROUTER + intid * 8), BigInt(bases.affinity(target)));
      if (isEnabled) poke(bus, cpu, dist(GICD.ISENABLER), intid);
    },
    mask: (cpu, intid) => poke(bus, cpu, baseOf(cpu, intid) + GICD.ICENABLER, intid),
    unmask: (cpu, intid) => poke(bus, cpu, baseOf(cpu, intid) + GICD.ISENABLER, intid),
    acknowledge(cpu) {
      const intid = bus.mrs(cpu, 'ICC_IAR1_EL1') & 0xffffff;
      if ((intid < SPECIAL || intid >= INTID.LPI) && guest.eoimode === 1) bus.msr(cpu, 'ICC_EOIR1_EL1', intid);
      return intid;
    },
    intidOf: (word) => word,
    eoi(cpu, intid) {
      if (guest.eoimode === 0) bus.msr(cpu, 'ICC_EOIR1_EL1', intid);
      else if (intid < INTID.LPI) bus.msr(cpu, 'ICC_DIR_EL1', intid);
    },
    setState(cpu, intid, state, on) {
      poke(bus, cpu, baseOf(cpu, intid) + STATE_REGISTERS[state][on ? 'set' : 'clear'], intid);
    },
    getState: (cpu, intid, state) => peek(bus, cpu, baseOf(cpu, intid) + STATE_REGISTERS[state].set, intid),
    ipi(cpu, intid, targets) {
      for (const [cluster, list] of clustersOf(targets.map(bases.affinity))) {
        const value = (BigInt(cluster >>> 16) << 32n) | BigInt(intid << 24) | (BigInt((cluster >>> 8) & 0xff) << 16n);
        bus.sendSgi(cpu, 'ICC_SGI1R_EL1', value | BigInt(list));
      }
    },
  };
}

/** gic_compute_target_list: one write of SGI1R reaches the CPUs that differ in the low four bits of Aff0 alone. */
function clustersOf(affinities: readonly number[]): ReadonlyMap<number, number> {
  const lists = new Map<number, number>();
  for (const affinity of affinities) {
    const cluster = affinity & ~0xf;
    lists.set(cluster, (lists.get(cluster) ?? 0) | (1 << (affinity & 0xf)));
  }
  return lists;
}
