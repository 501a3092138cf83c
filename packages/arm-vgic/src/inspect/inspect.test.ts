// The lines of `virq inspect`, letter by letter.

import { describe, expect, it } from 'vitest';
import { type ArmVm, type ArmVmOptions, openArm } from '../__fixtures__/arm-vm.ts';
import { CONFIG } from '../irq/layout.ts';
import { inspect } from './index.ts';

const shown = (t: ArmVm): Record<string, readonly string[]> =>
  Object.fromEntries(inspect(t.chip).map(({ title, lines }) => [title.replace(/ \(.*/, ''), lines]));

function opened(options: ArmVmOptions = {}): ArmVm {
  const t = openArm(options);
  t.chip.state.dist.enabled = 1;
  return t;
}

it('a VGIC at reset shows what it is, and nothing of its interrupts', () => {
  expect(shown(openArm({ vm: { cpus: 2, nr_irqs: 64 } }))).toEqual({
    Distributor: ['GICv3 on a GICv3 @08000000 revision 3 off 32 SPIs -'],
    Redistributors: [
      'region 0 @080a0000 2 of 2',
      'vCPU 0 id 0 affinity 0.0.0 @080a0000',
      'vCPU 1 id 1 affinity 0.0.1 @080c0000',
    ],
  });
});

it.each([
  [{ gic: 0 }, {}],
  [
    { gic: 2, init: false, nr_irqs: 96 },
    { Distributor: ['GICv2 on a GICv3 revision 3 not initialised number of SPIs not set -'] },
  ],
  [
    { gic: 2, host_gic: 2, nr_irqs: 64 },
    { Distributor: ['GICv2 on a GICv2 @08000000 CPU interface @08010000 revision 3 off 32 SPIs -'] },
  ],
])('%j', (vm, expected) => {
  expect(shown(openArm({ vm }))).toEqual(expected);
});

describe('interrupts', () => {
  it('P L A E H C G; neighbours that do not differ share a line', () => {
    const t = opened({ vm: { cpus: 2, nr_irqs: 96 } });
    for (let intid = 32; intid < 40; intid++) Object.assign(t.irq(intid), { config: CONFIG.LEVEL, priority: 0xa0 });
    Object.assign(t.irq(35), { lineLevel: 1, enabled: 1 });
    Object.assign(t.irq(50), { pendingLatch: 1, active: 1, hw: 1, hostIrq: 7, owner: 2 });
    Object.assign(t.irq(51), { target: 0, mpidr: 0x010203, enabled: 1, group: 0 });
    Object.assign(t.irq(27, 1), { enabled: 1, hw: 1, hostIrq: 27, owner: 1 });
    Object.assign(t.irq(3, 0), { enabled: 0 });
    expect(shown(t)['Interrupts']).toEqual([
      'vCPU 0 SGI 3         ------G prio 00 for vCPU 0',
      'vCPU 1 PPI 27        ---EHCG prio 00 for vCPU 1 host irq 27 owner 1',
      'SPI 32-34     -----CG prio a0 for vCPU 0',
      'SPI 35        -L-E-CG prio a0 for vCPU 0',
      'SPI 36-39     -----CG prio a0 for vCPU 0',
      'SPI 50        P-A-H-G prio 00 for vCPU 0 host irq 7 owner 2',
      'SPI 51        ---E--- prio 00 for nobody (affinity 1.2.3)',
    ]);
  });

  it('senders of an SGI of a GICv2', () => {
    const t = opened({ vm: { gic: 2, cpus: 4 } });
    Object.assign(t.irq(1, 2), { pendingLatch: 1, source: 0b1001 });
    expect(shown(t)['Interrupts']).toEqual(['vCPU 2 SGI 1         P--E--- prio 00 for vCPU 2 from 0,3']);
  });
});

describe('a level SPI and an edge SPI on their way', () => {
  const withTwo = (vm: Record<string, unknown>): ArmVm => {
    const t = opened({ vm: { nr_irqs: 64, ...vm } });
    t.op('cpu_setup');
    Object.assign(t.irq(40), { config: CONFIG.LEVEL, enabled: 1, priority: 0xa0, group: 1 });
    Object.assign(t.irq(41), { enabled: 1, priority: 0x80, group: 1 });
    t.op('irq_line', { irq: 40 });
    t.op('irq_line', { irq: 41 });
    return t;
  };

  it('before an entry they are on the list, and in no LR', () => {
    const t = withTwo({});
    expect(shown(t)['ap_lists']).toEqual(['vCPU 0: 40 P-, 41 P-']);
    expect(shown(t)['List registers']).toBeUndefined();
  });

  it('in the guest: words and fields of the LRs, what is acknowledged is active', () => {
    const t = withTwo({});
    t.op('vcpu_run');
    expect(t.op('iar').out?.['x0']).toBe(41);
    const { 'CPU interfaces': cpus, 'List registers': lrs, ap_lists: lists } = shown(t);
    expect(lists).toEqual(['vCPU 0: 40 P- in an LR, 41 -- in an LR']);
    expect(lrs).toEqual([
      'vCPU 0 LR0 50a0020000000028 40 P- prio a0 group 1 EOI',
      'vCPU 0 LR1 9080000000000029 41 -A prio 80 group 1',
    ]);
    expect(cpus).toEqual(['vCPU 0 PMR f0 BPR 2 3 group0 group1 running 80 | HCR En | MISR -']);
  });

  it('an LR that is not enough: UIE, and the word of a GICv2 host', () => {
    const t = withTwo({ gic: 2, host_gic: 2, nr_lr: 1 });
    t.op('vcpu_run');
    const { 'CPU interfaces': cpus, 'List registers': lrs } = shown(t);
    expect(lrs).toEqual(['vCPU 0 LR0 58000029 41 P- prio 80 group 1']);
    expect(cpus?.[0]).toContain('| HCR En UIE | MISR U');
  });

  it('7.3 asks to be told of more', () => {
    const t = withTwo({ vgic: '7.3', nr_lr: 1 });
    t.op('vcpu_run');
    const { 'CPU interfaces': cpus, 'List registers': lrs } = shown(t);
    expect(lrs).toEqual(['vCPU 0 LR0 5080000000000029 41 P- prio 80 group 1 last']);
    expect(cpus?.[0]).toContain('| HCR En UIE NPIE VGrp0DIE VGrp1DIE TDIR vSGIEOICount | MISR U');
  });
});

/** Queue, tables and commands as a guest leaves them in memory. */
function withIts(vgic: string): ArmVm {
  const t = opened({ vm: { cpus: 2, its: true, its_setup: false, nr_irqs: 64, vgic } });
  const { ram, all } = t.chip.its;
  const [its] = all as [(typeof all)[0]];
  const V = 1n << 63n;
  Object.assign(t.chip.state.dist, { propbaser: 0x4030_058fn });
  Object.assign(t.chip.state.redists.at(1), { pendbaser: 0x4041_0000n, lpis: 1 });
  t.chip.its.ram.storeByte(0x40300003, 0xa1);
  const commands: bigint[][] = [
    [0x08n | (2n << 32n), 7n, V | 0x40100000n, 0n],
    [0x09n, 0n, V | 3n | (1n << 16n), 0n],
    [0x0an | (2n << 32n), 20n | (8195n << 32n), 3n, 0n],
    [0x0an | (2n << 32n), 21n | (8196n << 32n), 9n, 0n],
  ];
  its.write64(0x100, V | 0x40200000n);
  its.write64(0x108, V | 0x40210000n);
  its.write64(0x80, V | 0x40220000n | 15n);
  its.write(0, 4, 1);
  for (const [n, words] of commands.entries())
    for (const [w, word] of words.entries()) {
      ram.store(0x40220000 + n * 32 + w * 8, Number(word & 0xffffffffn));
      ram.store(0x40220004 + n * 32 + w * 8, Number(word >> 32n));
    }
  its.write64(0x88, BigInt(commands.length * 32));

  const message = { address_lo: 0x8090040, data: 20, flags: 1, devid: 2 };
  expect(t.ret('signal_msi', message)).toBe(1);
  return t;
}

describe('ITS', () => {
  const head =
    'on, queue @40220000 CREADR 80 CWRITER 80, device table @40200000 flat 64 KiB, collection table @40210000 flat 64 KiB';
  const mappings = [
    'collection 3 vCPU id 1',
    'collection 9 not mapped',
    'device 0002 ITT @40100000 8 event bits',
    '    event 20 LPI 8195 collection 3',
    '    event 21 LPI 8196 collection 9',
  ];

  it('devices, ITEs, collections; 6.12 has a cache for each ITS', () => {
    const t = withIts('6.12');
    const { 'ITS 0 @08080000': its, Redistributors: redists, Interrupts: irqs } = shown(t);
    expect(its).toEqual([head, ...mappings, 'cached 0002:20 LPI 8195']);
    expect(redists).toEqual([
      'LPI configuration @40300000 16 INTID bits',
      'region 0 @080a0000 2 of 2',
      'vCPU 0 id 0 affinity 0.0.0 @080a0000 LPIs off pending @00000000',
      'vCPU 1 id 1 affinity 0.0.1 @080c0000 LPIs on pending @40410000',
    ]);
    expect(irqs).toEqual([
      'LPI 8195      P--E--G prio a0 for vCPU 1 refs 3 on the list of 1',
      'LPI 8196      ------G prio 00 for nobody (affinity 0.0.0) refs 1',
    ]);
  });

  it('an LPI that a GICv4 injects by itself', () => {
    const t = withIts('6.12');
    Object.assign(t.irq(8195), { hw: 1, hostIrq: 64 });
    expect(shown(t)['ITS 0 @08080000']).toContain('    event 20 LPI 8195 collection 3 vLPI, host irq 64');
  });

  it('6.1 has one for the VM', () => {
    const { 'ITS 0 @08080000': its, 'Translation cache of the VM': cache } = shown(withIts('6.1'));
    expect(its).toEqual([head, ...mappings]);
    expect(cache).toEqual(['cached 0002:20 LPI 8195']);
  });
});
