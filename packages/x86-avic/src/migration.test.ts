// Everything that KVM lets user space save, moved to a new machine: what differs there is what not-saved.ts names.

import { createMachine } from '@virq/irq-core/machine';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { X86Chip } from './chip.ts';
import { x86Avic } from './index.ts';
import { NOT_SAVED } from './not-saved.ts';
import { type LapicState, LVT_FIELDS, SAVED_PIC_FIELDS } from './save-restore.ts';

const VCPUS = 2;
const open = () => {
  const machine = createMachine({
    kernel: '6.12',
    vms: [{ backend: x86Avic, options: { vcpus: VCPUS }, limits: { vcpus: VCPUS } }],
  });
  return { machine, chip: machine.vms[0]?.chip as X86Chip, kvm: machine.vms[0]!.kvm };
};
type Host = ReturnType<typeof open>;

const pin = fc.integer({ min: 0, max: 23 });
const vcpu = fc.integer({ min: 0, max: VCPUS - 1 });
const vector = fc.constantFrom(0x31, 0x41, 0x42, 0x51);
const word = fc.integer({ min: 0, max: 0x7ffff });
const use = fc.oneof(
  fc.tuple(fc.constantFrom(0, 1, 2), pin, fc.boolean()).map(([source, gsi, up]) => ({ kvm }: Host) => {
    kvm.setIrq(source, gsi, up ? 1 : 0, true);
  }),
  fc.tuple(pin, vector, fc.constantFrom(0, 0x8000, 0x10000, 0x18000)).map(([p, v, bits]) => ({ chip }: Host) => {
    chip.ioapicRegs.writeIndirect(0x10 + 2 * p, v | bits);
  }),
  fc.tuple(pin, vector).map(([p, v]) => ({ chip, kvm }: Host) => {
    chip.ioapicRegs.writeIndirect(0x10 + 2 * p, v | 0x8000);
    kvm.setIrq(0, p, 1, true);
    chip.guest.enter(0);
    if (chip.guest.acknowledge(0) >= 0) chip.guest.eoi(0);
  }),
  vcpu.map(
    (v) =>
      ({ chip }: Host) =>
        void chip.guest.acknowledge(v),
  ),
  vcpu.map(
    (v) =>
      ({ chip }: Host) =>
        chip.guest.eoi(v),
  ),
  fc.tuple(vcpu, fc.constantFrom(0x80, 0xd0, 0x320, 0x340, 0x350, 0x380, 0x3e0, 0xf0), word).map(
    ([v, offset, value]) =>
      ({ chip }: Host) =>
        void chip.guest.mmioWrite(v, 0xfee00000 + offset, 4, offset === 0xd0 ? value << 24 : value),
  ),
  fc.tuple(vcpu, fc.constantFrom(0x300, 0x310), word).map(([v, offset, value]) => ({ chip }: Host) => {
    chip.guest.mmioWrite(v, 0xfee00000 + offset, 4, value & 0x4dff);
  }),
  fc.tuple(fc.constantFrom(0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1), word).map(([port, value]) => ({ chip }: Host) => {
    chip.guest.portWrite(0, port, 1, value & 0xff);
  }),
  fc.integer({ min: 1, max: 50_000 }).map(
    (ns) =>
      ({ machine }: Host) =>
        machine.advance(ns),
  ),
);

function page(chip: X86Chip, v: number): LapicState {
  const a = chip.lapics.at(v);
  const lvt = Object.entries(LVT_FIELDS).map(([name, entry]) => [name, a.lvt.get(entry)]);
  const sets = { irr: a.irr.list(), isr: a.isr.list(), tmr: a.tmr.list() };
  const { id, tpr, ldr, dfr, svr: spiv, icr, icr2, timerInitial: tmict, timerDivide: tdcr } = a;
  const tmcct = chip.timers.current(v);
  return { ...sets, ...Object.fromEntries(lvt), id, tpr, ldr, dfr, spiv, icr, icr2, tmict, tdcr, tmcct };
}

/** As a VMM does it: the chips, then each vCPU with its MSRs, its page and its events. */
function migrate(from: Host, to: Host): void {
  for (let v = 0; v < VCPUS; v++) from.chip.guest.enter(v);
  to.machine.advance(from.machine.now());
  to.chip.saveRestore.setIoapic(from.chip.saveRestore.getIoapic());
  for (const i of [0, 1]) {
    const chip = from.chip.pic.chip(i);
    to.chip.saveRestore.setPic(i, Object.fromEntries(Object.entries(SAVED_PIC_FIELDS).map(([k, f]) => [k, chip[f]])));
  }
  for (let v = 0; v < VCPUS; v++) {
    const [a, b] = [from.chip.lapics.at(v), to.chip.lapics.at(v)];
    to.chip.msrs.write(v, 0x1b, a.base, true);
    to.chip.saveRestore.setLapic(v, page(from.chip, v));
    if (a.tscDeadline !== 0n) to.chip.msrs.write(v, 0x6e0, a.tscDeadline, true);
    to.chip.events.setMpState(v, a.mpState);
    b.nmiPending = a.nmiPending;
    b.smiPending = a.smiPending;
    b.sipiVector = a.sipiVector;
  }
  for (let v = 0; v < VCPUS; v++) to.chip.guest.enter(v);
}

const chipPath = (path: string) => path.replace(/^vm0\.chip\./, '').replaceAll(/\[\d+\]/g, '[]');

/** Lost in some of these migrations. */
const ALWAYS_LOST = ['ioapic.pins[].sources', 'pic.sources[]', 'lapics[].arbPrio', 'lapics[].timerPending'];

it('CORE-33 what a migration loses is named', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(use, { maxLength: 60 }), (steps) => {
      const [from, to] = [open(), open()];
      for (const step of steps) step(from);
      migrate(from, to);
      const changed = to.machine.arena.diff(from.machine.arena.bytes).map((c) => c.path);
      for (const path of changed) if (/^vm0\.chip\.(?!avic)/.test(path)) seen.add(chipPath(path));
    }),
    { numRuns: 300, seed: 7 },
  );
  expect([...seen].filter((path) => !Object.hasOwn(NOT_SAVED, path))).toEqual([]);
  expect(ALWAYS_LOST.filter((path) => !seen.has(path))).toEqual([]);
});
