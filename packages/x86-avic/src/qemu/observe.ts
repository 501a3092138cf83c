// The state of QEMU's q35 as its monitor prints it: `info pic` (the IOAPIC) and `info lapic`, in the shape of the recorded vectors.

import type { Json } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { RTE } from '../ioapic.ts';
import { IOAPIC_PINS } from '../layout.ts';

const PINS = Array.from({ length: IOAPIC_PINS }, (_, pin) => pin);

/** Vectors in a row; those that TMR calls level-triggered say so. */
const vectors = (list: readonly number[], level: { has(vector: number): boolean }): string =>
  list.length === 0 ? '(none)' : list.map((v) => (level.has(v) ? `${v}(level)` : String(v))).join(' ');

function spiv(svr: number): string {
  const state = svr & 0x100 ? 'enabled' : 'disabled';
  return `0x${svr.toString(16).padStart(8, '0')} APIC ${state}, focus=${svr & 0x200 ? 'on' : 'off'}, spurious vec ${svr & 0xff}`;
}

function lapic(c: X86Chip): Json {
  return Array.from({ length: c.lapics.count }, (_, vcpu) => {
    const a = c.lapics.at(vcpu);
    return { spiv: spiv(a.svr), isr: vectors(a.isr.list(), a.tmr), irr: vectors(a.irr.list(), a.tmr) };
  });
}

function redir(c: X86Chip): Json {
  const changed = PINS.flatMap((pin) => {
    const { lo, hi } = c.ioapic.entry(pin);
    if (lo === RTE.MASK && hi === 0) return [];
    return [[String(pin), `0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`] as const];
  });
  return Object.fromEntries(changed);
}

/** What `observe` can show. */
export const QEMU_OBSERVE: Readonly<Record<string, (c: X86Chip) => Json>> = {
  redir,
  lapic,
  ioapic: (c) => {
    const { ioapic } = c.state;
    return { sel: ioapic.select, id: ioapic.id, irr: PINS.filter((pin) => ioapic.irr & (1 << pin)) };
  },
};
