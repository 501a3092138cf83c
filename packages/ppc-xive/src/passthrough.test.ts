// Passed-through message interrupts: the recorded thread, the map's answers, what is left where. Recorded on Linux 6.12 on POWER9 with an MSI-X device.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { openPower } from './__fixtures__/power-vm.ts';
import { ppcXive } from './index.ts';

type Row = Readonly<Record<string, unknown>>;

const IRQ = 0x20;

const recorded = readFileSync(
  new URL('./__fixtures__/vectors/kvm-passthrough.linux-6.12.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((l) => JSON.parse(l) as Row);

/** The host's line of a vector as the recording host's /proc/interrupts names it is the recorder's own; so are smaps. */
const NOT_MODELLED = new Set(['host line', 'smaps of the ESB mapping']);

describe('the recorded thread', () => {
  it('F-43 F-44 F-45 V-57 V-59: an irqfd on the vector’s eventfd, a device behind the source, and back', () => {
    const t = openPower({ kernel: '6.12' });
    const esb = (cmd: string) => t.esb(IRQ, cmd);
    const on = { device: 'nic', vector: 0, name: 'v' };
    const steps: Readonly<Record<string, () => unknown>> = {
      source: () => t.ret('source', { n: IRQ }),
      eq: () => t.queue(),
      config: () => t.op('config', { n: IRQ, prio: 6, server: 0, eisn: 0x1234 }).ret,
      'pq (IPI page)': () => esb('get'),
      pq: () => esb('get'),
      'pq through the same pointer: now the PHB4 page': () => esb('get'),
      'pq: the IPI page again': () => esb('get'),
      set_pq_00: () => esb('set_pq_00'),
      'trigger IPI page': () => esb('trigger'),
      'trigger by a store to the trigger page': () => esb('trigger'),
      'store nothing, load EOI': () => esb('eoi'),
      'load EOI': () => esb('eoi'),
      'vfio SET_IRQS index 2': () => t.op('vfio_msix', on).ret,
      'irqfd (same eventfd): set_mapped': () => t.op('irqfd', { name: 'v', gsi: IRQ }).ret,
      'irq_line on a mapped source': () => t.op('irq_line', { n: IRQ, level: 1 }).ret,
      'irqfd deassign: clr_mapped': () => t.op('irqfd', { name: 'v', gsi: IRQ, deassign: true }).ret,
      'vfio off': () => t.op('vfio_msix', { ...on, on: false }).ret,
    };
    let queues = 0;
    for (const [i, row] of recorded.entries()) {
      const name = row['op'] as string | undefined;
      if (name === undefined || NOT_MODELLED.has(name)) continue;
      // The first `eq` is the attribute, the others show the queue.
      const step = name === 'eq' && queues++ === 0 ? () => t.op('eq').ret : (steps[name] as () => unknown);
      expect({ step: i, op: name, r: step() }).toEqual({ step: i, ...row });
    }
  });
});

describe('virq exec', () => {
  it('F-43: has devices, too', () => {
    const exec = createExec({ backend: ppcXive as unknown as AnyBackend });
    const run = (request: object) => exec.request(request);
    run({ op: 'vm', devices: [{ name: 'nic', msix: 2 }] });
    run({ op: 'source', n: IRQ });
    run({ op: 'eq' });
    run({ op: 'config', n: IRQ, eisn: 0x1234 });
    expect(run({ op: 'vfio_msix', device: 'nic', vector: 1, on: true, name: 'v' })).toMatchObject({ ret: 0 });
    expect(run({ op: 'irqfd', name: 'v', gsi: IRQ })).toMatchObject({ ret: 0, state: { pq: { '0x20': 2 } } });
    run({ op: 'esb', n: IRQ, cmd: 'set_pq_00' });
    expect(run({ op: 'device_msi', device: 'nic', vector: 1 })).toMatchObject({
      state: { pq: { '0x20': 2 }, eq: ['0x80000020', '0x0', '0x0', '0x0'], efd: { v: 0 } },
    });
    expect(run({ op: 'irqfd', name: 'v', gsi: IRQ, deassign: true })).toMatchObject({ state: { pq: { '0x20': 2 } } });
    expect(run({ op: 'vfio_msix', device: 'disk' })).toMatchObject({ errno: 'ENODEV' });
  });

  it('F-07: a fenced device answers loads with all ones and takes nothing, until the fence is lifted', () => {
    const exec = createExec({ backend: ppcXive as unknown as AnyBackend });
    const run = (request: object) => exec.request(request);
    run({ op: 'vm', devices: [{ name: 'nic', msix: 1 }] });
    run({ op: 'source', n: IRQ });
    run({ op: 'eq' });
    run({ op: 'config', n: IRQ, eisn: 0x1234 });
    run({ op: 'vfio_msix', device: 'nic', name: 'v' });
    run({ op: 'irqfd', name: 'v', gsi: IRQ });
    const esb = (cmd: string) => run({ op: 'esb', n: IRQ, cmd })['out'];
    expect(esb('set_pq_00')).toEqual({ value: '0x2' });
    run({ op: 'phb_fence', device: 'nic' });
    expect([esb('get'), esb('set_pq_11')]).toEqual([{ value: '0xffffffffffffffff' }, { value: '0xffffffffffffffff' }]);
    run({ op: 'phb_fence', device: 'nic', on: false });
    expect(esb('get')).toEqual({ value: '0x0' });
    expect(run({ op: 'phb_fence', device: 'disk' })).toMatchObject({ errno: 'ENODEV' });
  });
});
