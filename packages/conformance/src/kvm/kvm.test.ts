// The KVM oracle on this machine's /dev/kvm; where there is none, only what needs none.

import { describe, expect, it } from 'vitest';
import { model } from '../__fixtures__/sides.ts';
import { runCampaign, runReplay } from '../campaign.ts';
import { kvmSequences } from '../generate/kvm.ts';
import type { Op } from '../oracle.ts';
import { TARGETS } from '../targets.ts';
import { MEMORY, snippet, writeGuest } from './guest-code.ts';
import { createKvmOracle } from './index.ts';
import { IOCTL } from './ioctls.ts';

describe('numbers', () => {
  it.each([
    ['GET_API_VERSION', 0xae00],
    ['IRQ_LINE_STATUS', 0xc008ae67],
    ['SET_GSI_ROUTING', 0x4008ae6a],
    ['IRQFD', 0x4020ae76],
    ['GET_IRQCHIP', 0xc208ae62],
    ['SET_IRQCHIP', 0x8208ae63],
    ['GET_LAPIC', 0x8400ae8e],
    ['SIGNAL_MSI', 0x4020aea5],
  ] as const)('KVM_%s is %i', (name, request) => expect(IOCTL[name]).toBe(request));

  it('the guest has its parts apart from each other, and a gate for every vector', () => {
    const memory = new Uint8Array(MEMORY.SIZE);
    writeGuest(memory);
    const code = ['load1', 'store4', 'in2', 'out1', 'rdmsr', 'wrmsr', 'nop', 'cli'].map((name) => snippet(name) ?? 0);
    expect(code.every((at) => at >= MEMORY.CODE && at < MEMORY.IDT && memory[at] !== 0)).toBe(true);
    expect([memory[MEMORY.STUBS + 16 * 255 + 1], memory[MEMORY.IDT + 8 * 255 + 5]]).toEqual([255, 0x8e]);
    expect(snippet('iret')).toBeUndefined();
  });
});

const oracle = createKvmOracle();
const missing = await oracle.available();
const { skips } = TARGETS.find((t) => t.against === 'kvm') ?? { skips: [] };

describe.skipIf(missing !== null)(
  `on /dev/kvm${missing === null ? '' : ` (skipped: ${missing.reason})`}`,
  { timeout: 120_000 },
  () => {
    it('random operations give what the model gives', async () => {
      const r = await runCampaign({ model: model(), oracle, generator: kvmSequences, skips, seeds: [1, 2], ops: 1000 });
      expect([r.finding, r.ops]).toEqual([null, 1000]);
    });

    it('a level-triggered irqfd goes round: assert, EOI, resample', async () => {
      const ops: Op[] = [
        { op: 'vm' },
        { op: 'set_gsi_routing', entries: [{ gsi: 10, type: 'irqchip', chip: 'ioapic', pin: 10 }] },
        { op: 'ioapic_redir', pin: 10, value: { vec: 0x51, level: 1 } },
        { op: 'irqfd', name: 'a', gsi: 10, resample: 'r' },
        { op: 'sync' },
        { op: 'efd_write', name: 'a' },
        { op: 'ack' },
        { op: 'eoi' },
        { op: 'efd_read', name: 'r' },
      ];
      const machine = await oracle.start();
      const seen = [];
      for (const op of ops) seen.push(await machine.apply(op));
      await machine.stop();
      expect([seen[6]?.out, seen[8]?.out]).toEqual([{ vector: 0x51 }, { count: 1 }]);
      expect((await runReplay({ model: model(), oracle, skips }, ops)).finding).toBeNull();
    });

    it('a vCPU that would sleep for ever is not run', async () => {
      const machine = await oracle.start();
      await machine.apply({ op: 'vm' });
      await machine.apply({ op: 'set_mp_state', state: 3 });
      await expect((async () => machine.apply({ op: 'sync' }))()).rejects.toMatchObject({ code: 'VIRQ-O003' });
      await expect((async () => machine.apply({ op: 'hlt' }))()).rejects.toMatchObject({ code: 'VIRQ-O004' });
      await machine.stop();
    });
  },
);
