// The GICv2 driver of the guest's Linux. Linux: drivers/irqchip/irq-gic.c.

import type { GuestAccess } from './access-types.ts';
import type { GicDriver } from './driver.ts';
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

const GICC = { CTLR: 0x00, PMR: 0x04, IAR: 0x0c, EOIR: 0x10, APR: 0xd0, IIDR: 0xfc, DIR: 0x1000 } as const;
/** GICC_IIDR of a GICv2 by Arm, without variant and revision (gic_check_gicv2). */
const IDENT = { MASK: 0xff0fff, GICV2: 0x02043b } as const;
/** GICC_CTLR: group 0, and the split of priority drop and deactivation. */
const ENABLE = 1;
const EOIMODE = 1 << 9;
/** GICD_INT_DEF_PRI, GICC_INT_PRI_THRESHOLD. */
const PRIORITY = 0xa0;
const THRESHOLD = 0xf0;
/** GICC_IAR: number, with the sender of an SGI above. */
const INTID_MASK = 0x3ff;

/** Bases as the device tree has them. */
export interface GicBases {
  readonly dist: () => number;
  readonly cpu: () => number;
}

/** Creates the driver. */
export function createLinuxGic(bus: GuestAccess, guest: GuestState, bases: GicBases): GicDriver {
  const dist = (offset: number): number => bases.dist() + offset;
  const ownMask = (cpu: number): number => bus.load(cpu, dist(GICD.ITARGETSR), 4) & 0xff;

  function writeWord(cpu: number, register: 'EOIR' | 'DIR', intid: number): void {
    const word = intid < 16 ? guest.cpus.at(cpu).sgi : intid;
    bus.store(cpu, bases.cpu() + GICC[register], 4, word);
  }

  return {
    initDistributor(cpu) {
      guest.lines = linesOf(bus.load(cpu, dist(GICD.TYPER), 4));
      bus.store(cpu, dist(GICD.CTLR), 4, 0);
      const mask = ownMask(cpu);
      for (let i = 32; i < guest.lines; i += 4) bus.store(cpu, dist(GICD.ITARGETSR + i), 4, (mask * 0x01010101) >>> 0);
      configureSpis(bus, cpu, dist(0), { lines: guest.lines, priority: PRIORITY });
      bus.store(cpu, dist(GICD.CTLR), 4, 1);
    },
    initCpu(cpu) {
      configurePrivate(bus, cpu, dist(0), PRIORITY);
      bus.store(cpu, bases.cpu() + GICC.PMR, 4, THRESHOLD);
      const isGicV2 = (bus.load(cpu, bases.cpu() + GICC.IIDR, 4) & IDENT.MASK) === IDENT.GICV2;
      for (let n = 0; isGicV2 && n < 4; n++) bus.store(cpu, bases.cpu() + GICC.APR + n * 4, 4, 0);
      bus.store(cpu, bases.cpu() + GICC.CTLR, 4, ENABLE | (guest.eoimode === 1 ? EOIMODE : 0));
    },
    setType: (cpu, intid, edge) => configureIrq(bus, cpu, dist(0), { intid, edge }),
    setAffinity(cpu, intid, target) {
      bus.store(cpu, dist(GICD.ITARGETSR) + intid, 1, 1 << target);
    },
    mask: (cpu, intid) => poke(bus, cpu, dist(GICD.ICENABLER), intid),
    unmask: (cpu, intid) => poke(bus, cpu, dist(GICD.ISENABLER), intid),
    acknowledge(cpu) {
      const word = bus.load(cpu, bases.cpu() + GICC.IAR, 4);
      const intid = word & INTID_MASK;
      if (intid < 16) guest.cpus.at(cpu).sgi = word;
      if (intid < 1020 && guest.eoimode === 1) bus.store(cpu, bases.cpu() + GICC.EOIR, 4, word);
      return word;
    },
    intidOf: (word) => word & INTID_MASK,
    eoi: (cpu, intid) => writeWord(cpu, guest.eoimode === 1 ? 'DIR' : 'EOIR', intid),
    setState(cpu, intid, state, on) {
      poke(bus, cpu, dist(STATE_REGISTERS[state][on ? 'set' : 'clear']), intid);
    },
    getState: (cpu, intid, state) => peek(bus, cpu, dist(STATE_REGISTERS[state].set), intid),
    ipi(cpu, intid, targets) {
      const list = targets.reduce((bits, target) => bits | (1 << target), 0);
      bus.store(cpu, dist(GICD.SGIR), 4, (list << 16) | intid);
    },
  };
}
