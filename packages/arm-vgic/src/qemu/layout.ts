// State of a virt machine's interrupt controllers. QEMU 7.2: include/hw/intc/arm_gic_common.h struct GICState, arm_gicv3_common.h struct GICv3State, GICv3CPUState,
// arm_gicv3_its_common.h struct GICv3ITSState.

import { array, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import { CpuInterface } from '../lr/layout.ts';
import { memoryLayout } from '../memory/layout.ts';
import { IRQS, WORDS } from './machine.ts';

/** Interrupts in words of 32: `level` are the input lines, `pending` the latches, `edge` the triggers. */
const bankLayout = (words: number) =>
  struct('bank', {
    group: array(u32, words),
    enabled: array(u32, words),
    pending: array(u32, words),
    active: array(u32, words),
    level: array(u32, words),
    edge: array(u32, words),
    priority: array(u8, 32 * words),
  });
export type Bank = View<ReturnType<typeof bankLayout>>;

/**
 * CPU interface of a GICv2. `running` is 0x100 while nothing is; `best` is the interrupt it would signal, 1023 for none; `senders` has a byte per SGI; `elsewhere` are SPIs that
 * are active at the other seven CPUs.
 */
const Gicv2Cpu = struct('gicv2Cpu', {
  ctlr: u16,
  pmr: u8,
  bpr: u8,
  abpr: u8,
  running: u16,
  best: u16,
  senders: array(u8, 16),
  elsewhere: array(u32, WORDS),
  apr: array(u32, 4),
  nsapr: array(u32, 4),
});
export type Gicv2Cpu = View<typeof Gicv2Cpu>;

/** What a CPU would be told next; priority 0xff: nothing. It is kept, and recomputed where QEMU does. */
const Best = struct('best', { intid: u32, priority: u8, group: u1 });
export type Best = View<typeof Best>;

/** A redistributor with its CPU interface. `lpi` is the best pending LPI as last looked up. `imo` and `fmo` are those of HCR_EL2. */
const Cpu = struct('cpu', {
  bank: bankLayout(1),
  waker: u8,
  lpis: u1,
  propbaser: u64,
  pendbaser: u64,
  best: Best,
  lpi: Best,
  pmr: u8,
  bpr0: u8,
  bpr1: u8,
  cbpr: u1,
  eoiMode: u1,
  enable0: u1,
  enable1: u1,
  ap0: u32,
  ap1: u32,
  hcr: u64,
  virtual: CpuInterface,
});
export type Cpu = View<typeof Cpu>;

/** A table of the ITS as it was when the ITS was enabled; `entries` 0: none. */
const Table = struct('table', { base: u64, entries: u32, pageSize: u32, indirect: u1 });
export type Table = View<typeof Table>;

const Its = struct('its', {
  enabled: u1,
  cbaser: u64,
  cwriter: u64,
  creadr: u64,
  baser0: u64,
  baser1: u64,
  devices: Table,
  collections: Table,
  queue: u64,
  commands: u32,
});
export type Its = View<typeof Its>;

/** Inputs of CPU 0 as they are driven, and how they changed during the last operation: a byte each, the pin times two, plus one for a rise. */
const Pins = struct('pins', { irq: u1, fiq: u1, count: u8, changes: array(u8, 128) });

/** Everything of one machine. `ctlr` are the group enables of the distributor. */
export const virtLayout = (cpus: number, frames: number) =>
  struct('virt', {
    ctlr: u8,
    bank: bankLayout(WORDS),
    router: array(u32, IRQS),
    routerHigh: array(u32, IRQS),
    gicv2: Gicv2Cpu,
    cpus: array(Cpu, cpus),
    its: Its,
    /** Offset of the next command of the VMM's queue. */
    command: u32,
    pins: Pins,
    memory: memoryLayout({ frames, memslots: 1 }),
  });
export type VirtState = View<ReturnType<typeof virtLayout>>;
