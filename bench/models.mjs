// Delivery and arena: nanoseconds per operation, events switched off; the delivery cycles against the peers in the same run. `--json` for machines.

import { array, bits, createArena, struct, u8, u32 } from '@virq/irq-core/arena';
import { CYCLES, GIC_CYCLES, measureGic, measurePeers, measureXive } from './delivery/peers.mjs';
import { assigned, MESSAGE, machine } from './delivery/virq.mjs';
import { nanoseconds } from './measure.mjs';

const N = 1_000_000;

function msi() {
  const { kvm, chip } = machine(0x51);
  return (n) => {
    for (let i = 0; i < n; i++) kvm.signalMsi(MESSAGE);
    if (!chip.lapics.at(0).irr.has(0x41)) throw new Error('not delivered');
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

/** A device's MSI-X vector, through the IOMMU into the guest or through VFIO and irqfd, until the guest has ended the interrupt. */
function passedThrough(apicv, iommu) {
  const { machine, chip } = assigned(apicv, iommu);
  return (n) => {
    for (let i = 0; i < n; i++) {
      machine.vfio.msi.raise(0, 0);
      if (chip.guest.take(0) !== 0x41) throw new Error('not taken');
      chip.guest.mmioWrite(0, 0xfee000b0, 4, 0);
    }
  };
}

const ROWS = [
  ['MSI-X posted by the IOMMU, taken, EOI', () => passedThrough('avic', 'amd'), N / 2],
  ['MSI-X by VFIO and irqfd, injected, EOI', () => passedThrough('none', 'none'), N / 2],
  ['MSI: signalMsi to IRR bit set', msi, N],
  ['arena field, read and write', field, 5 * N],
  ['  raw typed array', rawField, 5 * N],
  ['snapshot and hash of 1 KiB', snapshot, N / 10],
];

const NAMES = {
  virq: 'virq',
  crowded: 'virq, fifth machine of a process',
  v86: "v86's former JavaScript APIC and IOAPIC",
  minimal: 'minimal model, typed arrays',
  native: 'minimal model, C',
};

const ratio = (of, to) =>
  to.skipped === undefined ? CYCLES.map((c) => `${(of[c] / to[c]).toFixed(2).padStart(7)}×`) : [];

function printCycles(peers) {
  console.log('\nDelivery cycles, nanoseconds of CPU time: set, acknowledge, (line down,) EOI; below, virq to each');
  console.log(`${''.padEnd(42)}${CYCLES.map((c) => c.padStart(8)).join('')}`);
  for (const [name, row] of Object.entries(peers))
    console.log(
      `${NAMES[name].padEnd(42)}${row.skipped === undefined ? CYCLES.map((c) => row[c].toFixed(1).padStart(8)).join('') : ` skipped: ${row.skipped}`}`,
    );
  for (const name of ['v86', 'minimal', 'native'])
    if (peers[name].skipped === undefined)
      console.log(`${`  virq / ${NAMES[name]}`.padEnd(42)}${ratio(peers.virq, peers[name]).join('')}`);
}

function printXive(peers) {
  console.log('\nXIVE cycle, nanoseconds of CPU time: trigger, queue entry, acknowledge, EOI, CPPR');
  for (const [name, row] of Object.entries(peers))
    console.log(
      `${NAMES[name].padEnd(42)}${row.skipped === undefined ? row.xive.toFixed(1).padStart(8) : ` skipped: ${row.skipped}`}`,
    );
  for (const name of ['minimal', 'native'])
    if (peers[name].skipped === undefined)
      console.log(
        `${`  virq / ${NAMES[name]}`.padEnd(42)}${(peers.virq.xive / peers[name].xive).toFixed(2).padStart(7)}×`,
      );
}

function printGic({ cycles, sizes }) {
  console.log(
    '\nVGIC, nanoseconds of CPU time: raised, list register, IAR, EOIR, out of the guest; LPI translations by cache and by the lists of an ITS',
  );
  console.log(`${''.padEnd(42)}${GIC_CYCLES.map((c) => c.padStart(10)).join('')}`);
  for (const [name, row] of Object.entries(cycles))
    console.log(
      `${NAMES[name].padEnd(42)}${row.skipped === undefined ? GIC_CYCLES.map((c) => row[c].toFixed(1).padStart(10)).join('') : ` skipped: ${row.skipped}`}`,
    );
  if (cycles.native.skipped === undefined)
    console.log(
      `${'  virq / minimal model, C'.padEnd(42)}${GIC_CYCLES.map((c) => `${(cycles.virq[c] / cycles.native[c]).toFixed(1)}×`.padStart(10)).join('')}`,
    );
  const { level, crowded, wide } = sizes;
  console.log(
    `level SPI: of 96 SPIs ${level.toFixed(0)}, of 960 ${crowded.toFixed(0)}, with 64 vCPUs ${wide.toFixed(0)}`,
  );
}

const json = process.argv.includes('--json');
const rows = ROWS.map(([name, make, calls]) => ({ name: name.trim(), ...nanoseconds(make(), calls) }));
if (!json) {
  console.log(`Node ${process.versions.node}, nanoseconds per operation, median of 9 rounds (min–max)`);
  for (const { name, median, min, max } of rows)
    console.log(`${name.padEnd(42)} ${median.toFixed(1).padStart(8)}   (${min.toFixed(1)}–${max.toFixed(1)})`);
}
const peers = await measurePeers(5);
const xive = await measureXive(5);
const gic = await measureGic(5);
if (json) console.log(JSON.stringify({ node: process.versions.node, rows, cycles: peers, xive, gic }, null, 2));
else {
  printCycles(peers);
  printXive(xive);
  printGic(gic);
}
