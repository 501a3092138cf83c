// The JavaScript peer: v86's APIC and IOAPIC before they moved to Rust (BSD-2). Nothing of it is here; VIRQ_V86 names a checkout that still
// has src/apic.js, for instance `git clone https://github.com/copy/v86 && git checkout c6c2017b~1`.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Why the peer cannot run; null if it can. */
export function missing() {
  const root = process.env.VIRQ_V86;
  if (root === undefined) return 'VIRQ_V86 names no checkout of v86';
  return existsSync(join(root, 'src/apic.js')) ? null : `${root} has no src/apic.js: check out c6c2017b~1`;
}

/** The two devices as a release build has them: assertions and debug output are dropped. */
async function load() {
  const bundle = await build({
    stdin: {
      contents: "export { APIC } from './src/apic.js'; export { IOAPIC } from './src/ioapic.js';",
      resolveDir: process.env.VIRQ_V86,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: ['*.cjs', '*.min.js'],
    define: { DEBUG: 'false' },
    pure: ['dbg_log', 'dbg_assert', 'dbg_trace', 'h'],
    minifySyntax: true,
    logLevel: 'silent',
  });
  return import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);
}

const { APIC, IOAPIC } = missing() === null ? await load() : {};

function machine() {
  const cpu = { io: { mmap_register: () => undefined }, devices: {}, handle_irqs: () => undefined };
  cpu.devices.apic = new APIC(cpu);
  cpu.devices.ioapic = new IOAPIC(cpu);
  return cpu.devices;
}

const EOI = 0xfee000b0;

function msiCycle() {
  const { apic } = machine();
  return (n) => {
    for (let i = 0; i < n; i++) {
      apic.route(0x41, 0, false, 0, 0);
      if (apic.acknowledge_irq() !== 0x41) throw new Error('not acknowledged');
      apic.write32(EOI, 0);
    }
  };
}

function pinCycle(entry) {
  const { apic, ioapic } = machine();
  ioapic.write(0x10 + 20, entry);
  return (n) => {
    for (let i = 0; i < n; i++) {
      ioapic.set_irq(10);
      if (apic.acknowledge_irq() !== 0x51) throw new Error('not acknowledged');
      ioapic.clear_irq(10);
      apic.write32(EOI, 0);
    }
  };
}

/** Cycles by name. */
export const cycles = { msi: msiCycle, edge: () => pinCycle(0x51), level: () => pinCycle(0x8051) };
