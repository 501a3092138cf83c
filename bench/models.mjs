// Delivery and arena: nanoseconds per operation, events switched off, against a hand-written loop over raw typed arrays in the same run.

import { array, bits, createArena, struct, u8, u32 } from '@virq/irq-core/arena';
import { createMachine } from '@virq/irq-core/machine';
import { irqchipRoute, x86Avic } from '@virq/x86-avic';
import { nanoseconds } from './measure.mjs';

const N = 1_000_000;

function machine() {
  const m = createMachine({
    vms: [{ backend: x86Avic, options: { vcpus: 1 }, limits: { vcpus: 1, gsis: 64, routes: 64, irqfds: 16 } }],
    limits: { eventfds: 16, processes: 8 },
  });
  const [vm] = m.vms;
  return { m, vm, chip: vm.chip, kvm: vm.kvm };
}

function msi() {
  const { kvm, chip } = machine();
  const message = { type: 2, irqchip: 0, pin: 0, addressLo: 0xfee00000, addressHi: 0, data: 0x41, flags: 0, devid: 0 };
  return (n) => {
    for (let i = 0; i < n; i++) kvm.signalMsi(message);
    if (!chip.lapics.at(0).irr.has(0x41)) throw new Error('not delivered');
  };
}

function msiCycle() {
  const { kvm, chip } = machine();
  const message = { type: 2, irqchip: 0, pin: 0, addressLo: 0xfee00000, addressHi: 0, data: 0x41, flags: 0, devid: 0 };
  return (n) => {
    for (let i = 0; i < n; i++) {
      kvm.signalMsi(message);
      if (chip.lapics.acknowledge(0) !== 0x41) throw new Error('not acknowledged');
      chip.lapics.eoi(0);
    }
  };
}

function levelCycle() {
  const { kvm, chip } = machine();
  kvm.setGsiRouting([irqchipRoute(10, 2, 10)], 0);
  chip.ioapicRegs.writeIndirect(0x10 + 21, 0);
  chip.ioapicRegs.writeIndirect(0x10 + 20, 0x8051);
  chip.guest.enter(0);
  return (n) => {
    for (let i = 0; i < n; i++) {
      kvm.setIrq(0, 10, 1, false);
      if (chip.lapics.acknowledge(0) !== 0x51) throw new Error('not acknowledged');
      kvm.setIrq(0, 10, 0, false);
      chip.lapics.eoi(0);
    }
  };
}

/** The floor: the same level cycle on bare typed arrays, with nothing but what the hardware needs. */
function levelFloor() {
  const irr = new Uint32Array(8);
  const isr = new Uint32Array(8);
  const lo = new Uint32Array(24).fill(0x8051);
  const lines = new Uint32Array(1);
  const set = (pin, level) => {
    if (level === 0) {
      lines[0] &= ~(1 << pin);
      return;
    }
    lines[0] |= 1 << pin;
    const e = lo[pin];
    if (e & 0x14000) return;
    irr[(e & 0xff) >> 5] |= 1 << (e & 31);
    lo[pin] = e | 0x4000;
  };
  const highest = (s) => {
    for (let i = 7; i >= 0; i--) if (s[i] !== 0) return i * 32 + 31 - Math.clz32(s[i]);
    return -1;
  };
  return (n) => {
    for (let i = 0; i < n; i++) {
      set(10, 1);
      const v = highest(irr);
      irr[v >> 5] &= ~(1 << (v & 31));
      isr[v >> 5] |= 1 << (v & 31);
      set(10, 0);
      const e = highest(isr);
      isr[e >> 5] &= ~(1 << (e & 31));
      for (let pin = 0; pin < 24; pin++) if ((lo[pin] & 0xff) === e) lo[pin] &= ~0x4000;
    }
  };
}

function field() {
  const { root } = createArena(struct('bench', { rows: array(struct('row', { a: u8, b: bits(3) }), 16) }));
  const row = root.rows.at(3);
  return (n) => {
    for (let i = 0; i < n; i++) row.a = (row.a + 1) & 255;
  };
}

function rawField() {
  const bytes = new Uint8Array(64);
  return (n) => {
    for (let i = 0; i < n; i++) bytes[7] = (bytes[7] + 1) & 255;
  };
}

function snapshot() {
  const arena = createArena(struct('bench', { words: array(u32, 256) }));
  const kept = new Uint8Array(1024);
  let sum = 0;
  return (n) => {
    for (let i = 0; i < n; i++) {
      kept.set(arena.bytes);
      sum ^= arena.hash();
      arena.words[i & 255] = i ^ sum;
    }
  };
}

const ROWS = [
  ['MSI: signalMsi to IRR bit set', msi, N],
  ['MSI: signalMsi, acknowledge, EOI', msiCycle, N],
  ['IOAPIC level: assert, acknowledge, deassert, EOI', levelCycle, N],
  ['  the same on bare typed arrays (floor)', levelFloor, N],
  ['arena field, read and write', field, 5 * N],
  ['  raw typed array', rawField, 5 * N],
  ['snapshot and hash of 1 KiB', snapshot, N / 10],
];

console.log(`Node ${process.versions.node}, nanoseconds per operation, median of 9 rounds (min–max)`);
for (const [name, make, calls] of ROWS) {
  const { median, min, max } = nanoseconds(make(), calls);
  console.log(`${name.padEnd(52)} ${median.toFixed(1).padStart(8)}   (${min.toFixed(1)}–${max.toFixed(1)})`);
}
