// The state of a q35 machine as its monitor prints it, in the shape of the recorded vectors. QEMU: `info pic`, `info lapic`.

import type { Json } from '@virq/irq-core/machine';
import { hex } from '../../arguments.ts';
import { OracleError } from '../../oracle.ts';
import type { Qemu } from '../process.ts';

const RESET_ENTRY = 0x10000n;

function found(text: string, pattern: RegExp, what: string): string {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new OracleError(`the monitor prints no ${what}: ${text.slice(0, 200)}`);
  return value.trim();
}

/** Pins listed behind a word, `(none)` when there are none. */
const pins = (list: string): number[] => (list === '(none)' ? [] : list.split(/\s+/).map(Number));

function redirections(text: string): Readonly<Record<string, string>> {
  const entries = [...text.matchAll(/^\s*pin (\d+)\s+0x([0-9a-f]+)/gm)].map(
    ([, pin, bits]) => [String(pin), BigInt(`0x${bits}`)] as const,
  );
  if (entries.length !== 24) throw new OracleError(`the monitor prints ${entries.length} IOAPIC pins, not 24`);
  return Object.fromEntries(entries.flatMap(([pin, bits]) => (bits === RESET_ENTRY ? [] : [[pin, hex(bits)]])));
}

const SHOW: Readonly<Record<string, (pic: string, lapics: readonly string[]) => Json>> = {
  redir: redirections,
  ioapic: (pic) => ({
    sel: Number.parseInt(found(pic, /ioapic0:.* sel=0x([0-9a-f]+)/, 'IOREGSEL'), 16),
    id: Number.parseInt(found(pic, /ioapic0:.* id=0x([0-9a-f]+)/, 'IOAPIC id'), 16),
    irr: pins(found(pic, /^\s*IRR\s+(.*)$/m, 'IRR')),
  }),
  lapic: (_pic, lapics) =>
    lapics.map((text) => ({
      spiv: found(text, /^SPIV\s+(.*)$/m, 'SPIV'),
      isr: found(text, /^ISR\s+(.*)$/m, 'ISR'),
      irr: found(text, /^IRR\s+(.*)$/m, 'IRR'),
    })),
};

/** The chosen state of a machine with so many CPUs. */
export async function observe(
  qemu: Qemu,
  cpus: number,
  keys: readonly string[],
): Promise<Readonly<Record<string, Json>>> {
  const commands = ['info pic', ...Array.from({ length: cpus }, (_, i) => `info lapic ${i}`)];
  const [pic = '', ...lapics] = (await Promise.all(commands.map(qemu.monitor))).map((t) => t.replaceAll('\r', ''));
  return Object.fromEntries(keys.map((key) => [key, SHOW[key]?.(pic, lapics) ?? null]));
}
