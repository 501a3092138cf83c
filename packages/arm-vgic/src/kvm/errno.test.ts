// What Linux 6.1 answered on an Arm server (GICv3 without GICv2 compatibility): each recorded case must give the same errno and value.

import { readFileSync } from 'node:fs';
import { errnoName } from '@virq/irq-core/errors';
import { expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';

type Row = Readonly<Record<string, unknown>>;
type Op = Row & { readonly op: string };

interface Case {
  readonly vm?: Row;
  readonly before?: readonly Op[];
  readonly op: Op;
  /** What the recorder shows besides 0. */
  readonly value?: (t: ArmVm) => string;
}

const V3 = { v2_compat: false };
const NONE = { ...V3, gic: 0 };
const RAW = { ...V3, init: false };
const ITS = { ...V3, its: 1 };

const line = (args: Row): Case => ({ vm: V3, op: { op: 'irq_line', ...args } });
const route = (entry: Row, vm: Row = V3, flags = 0): Case => ({
  vm,
  op: { op: 'set_gsi_routing', entries: [{ gsi: 8, type: 'irqchip', ...entry }], flags },
});
const msi = { type: 'msi', address_lo: 0x08090040, devid: 1, flags: 1 };
const signal = { op: 'signal_msi', address_lo: 0x08090040, data: 0, devid: 1, flags: 1 };
const nrIrqs = (value: number): Case => ({ vm: RAW, op: { op: 'set_attr', group: 3, value } });
const irqfd = { op: 'irqfd', name: 'a', gsi: 8 };

/** The ITS is enabled: tables, a queue, GITS_CTLR. */
const ITS_ON: readonly Op[] = [
  { op: 'set_attr', device: 0, group: 4, attr: 4, value: 0 },
  { op: 'set_attr', device: 0, group: 8, attr: 0x100, value: '0x8000000048000000' },
  { op: 'set_attr', device: 0, group: 8, attr: 0x108, value: '0x8000000048010000' },
  { op: 'set_attr', device: 0, group: 8, attr: 0x80, value: '0x8000000044000000' },
  { op: 'set_attr', device: 0, group: 8, attr: 0x0, value: 1 },
];

/** A queue of one command with the opcode, then GITS_CWRITER; what is read back is GITS_CREADR. */
const command = (opcode: number): Case => ({
  vm: ITS,
  before: ITS_ON,
  op: { op: 'set_attr', device: 0, group: 8, attr: 0x88, value: 0x20, opcode },
  value: (t) => t.op('get_attr', { device: 0, group: 8, attr: 0x90 }).out?.['value'] as string,
});

const CASES: Readonly<Record<string, Case>> = {
  'KVM_IRQ_LINE type 0 irq 40': line({ irq: 40, type: 0 }),
  'KVM_IRQ_LINE type 1 irq 40': line({ irq: 40, type: 1 }),
  'KVM_IRQ_LINE type 2 irq 40': line({ irq: 40, type: 2 }),
  'KVM_IRQ_LINE type 3 irq 40': line({ irq: 40, type: 3 }),
  'KVM_IRQ_LINE SPI 0 of nr_irqs 128': line({ irq: 0 }),
  'KVM_IRQ_LINE SPI 31 of nr_irqs 128': line({ irq: 31 }),
  'KVM_IRQ_LINE SPI 32 of nr_irqs 128': line({ irq: 32 }),
  'KVM_IRQ_LINE SPI 127 of nr_irqs 128': line({ irq: 127 }),
  'KVM_IRQ_LINE SPI 128 of nr_irqs 128': line({ irq: 128 }),
  'KVM_IRQ_LINE SPI 1019 of nr_irqs 128': line({ irq: 1019 }),
  'KVM_IRQ_LINE PPI 0': line({ irq: 0, type: 'ppi' }),
  'KVM_IRQ_LINE PPI 15': line({ irq: 15, type: 'ppi' }),
  'KVM_IRQ_LINE PPI 16': line({ irq: 16, type: 'ppi' }),
  'KVM_IRQ_LINE PPI 31': line({ irq: 31, type: 'ppi' }),
  'KVM_IRQ_LINE PPI 32': line({ irq: 32, type: 'ppi' }),
  'KVM_IRQ_LINE PPI, no such vcpu': line({ irq: 27, type: 'ppi', vcpu: 9 }),
  'KVM_IRQ_LINE SPI, vgic not initialised': { vm: RAW, op: { op: 'irq_line', irq: 40 } },
  'KVM_IRQ_LINE SPI, no vgic': { vm: NONE, op: { op: 'irq_line', irq: 40 } },
  'KVM_IRQ_LINE CPU irq, no vgic': { vm: NONE, op: { op: 'irq_line', irq: 0, type: 'cpu' } },
  'second vgic device': { vm: V3, op: { op: 'create_device', type: 'vgic_v3' } },
  'vgic v2 after v3': { vm: V3, op: { op: 'create_device', type: 'vgic_v2' } },
  'unknown device type 99': { vm: V3, op: { op: 'create_device', type: 99 } },
  'KVM_CREATE_IRQCHIP after vgic v3': { vm: V3, op: { op: 'create_irqchip' } },
  'NR_IRQS after init': { vm: V3, op: { op: 'set_attr', group: 3, value: 128 } },
  'NR_IRQS = 0': nrIrqs(0),
  'NR_IRQS = 32': nrIrqs(32),
  'NR_IRQS = 63': nrIrqs(63),
  'NR_IRQS = 64': nrIrqs(64),
  'NR_IRQS = 96': nrIrqs(96),
  'NR_IRQS = 1024': nrIrqs(1024),
  'NR_IRQS = 1056': nrIrqs(1056),
  'dist address again': { vm: V3, op: { op: 'set_attr', group: 0, attr: 2, value: 0x08000000 } },
  'CTRL_INIT twice': { vm: V3, op: { op: 'ctrl', attr: 0 } },
  'CREATE_VCPU after init': { vm: { ...V3, cpus: 2, online: 1 }, op: { op: 'create_vcpu', id: 1 } },
  'unknown attribute group 20': { vm: V3, op: { op: 'set_attr', group: 20, value: 0 } },
  'DIST_REGS unaligned offset 2': { vm: V3, op: { op: 'get_attr', group: 1, attr: 2 } },
  'DIST_REGS offset 0x20000': { vm: V3, op: { op: 'get_attr', group: 1, attr: 0x20000 } },
  'REDIST_REGS unknown mpidr': { vm: V3, op: { op: 'get_attr', group: 5, attr: '0x700000000' } },
  'routing: MSI with devid, its': route(msi, ITS),
  'routing: MSI without VALID_DEVID': route({ ...msi, flags: 0 }, ITS),
  'routing: MSI, no its': route(msi),
  'routing: empty': { vm: V3, op: { op: 'set_gsi_routing', entries: [] } },
  'routing: flags 1': route({}, V3, 1),
  'routing: irqchip pin 0 of nr_irqs 128': route({ pin: 0 }),
  'routing: irqchip pin 95 of nr_irqs 128': route({ pin: 95 }),
  'routing: irqchip pin 96 of nr_irqs 128': route({ pin: 96 }),
  'routing: irqchip pin 987 of nr_irqs 128': route({ pin: 987 }),
  'routing: irqchip pin 988 of nr_irqs 128': route({ pin: 988 }),
  'routing: irqchip pin 1019 of nr_irqs 128': route({ pin: 1019 }),
  'routing: irqchip 1': route({ chip: 1 }),
  'routing: gsi 4096': route({ gsi: 4096 }),
  'routing: one gsi, two pins': {
    vm: V3,
    op: {
      op: 'set_gsi_routing',
      entries: [
        { gsi: 8, type: 'irqchip', pin: 8 },
        { gsi: 8, type: 'irqchip', pin: 9 },
      ],
    },
  },
  'routing: vgic not initialised': route({ pin: 8 }, RAW),
  'routing: no vgic': route({ pin: 8 }, NONE),
  'SIGNAL_MSI unmapped device': { vm: ITS, before: ITS_ON, op: signal },
  'SIGNAL_MSI without VALID_DEVID': { vm: ITS, op: { ...signal, flags: 0 } },
  'SIGNAL_MSI wrong doorbell': { vm: ITS, op: { ...signal, address_lo: 0x07000040 } },
  'SIGNAL_MSI no its': { vm: V3, op: signal },
  'irqfd gsi 8': { vm: V3, op: irqfd },
  'irqfd gsi 5000': { vm: V3, op: { ...irqfd, gsi: 5000 } },
  'irqfd no vgic': { vm: NONE, op: irqfd },
  'irqfd vgic not initialised': { vm: RAW, op: irqfd },
  'irqfd resample': { vm: V3, op: { ...irqfd, resample: 'r' } },
  'irqfd same eventfd twice': { vm: V3, before: [irqfd], op: irqfd },
  'irqfd flags 4': { vm: V3, op: { ...irqfd, flags: 4 } },
  'its: mapti before mapd': command(0x0a),
  'its: unknown command': command(0x7f),
  'its: SAVE_TABLES': { vm: ITS, op: { op: 'set_attr', device: 0, group: 4, attr: 1, value: 0 } },
  'its: RESTORE_TABLES': { vm: ITS, op: { op: 'set_attr', device: 0, group: 4, attr: 2, value: 0 } },
  SAVE_PENDING_TABLES: { vm: V3, op: { op: 'ctrl', attr: 3 } },
  'gic v2 device': { vm: NONE, op: { op: 'create_device', type: 'vgic_v2' } },
};

const recorded = readFileSync(new URL('../__fixtures__/vectors/errno.linux-6.1.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((l) => JSON.parse(l) as { case: string; result: string; value?: number | string });

it.each(recorded)('F-60 $case: $result', ({ case: name, result, value }) => {
  const { vm = {}, before = [], op, value: read } = CASES[name] as Case;
  const t = openArm({ kernel: '6.1', vm });
  for (const { op: word, ...args } of before) expect(t.ret(word, args)).toBe(0);
  const { op: word, opcode, ...args } = op as Op & { opcode?: number };
  if (opcode !== undefined) t.chip.its.ram.store(0x44000000, opcode);
  const ret = t.ret(word, args);
  expect(ret < 0 ? errnoName(ret) : 'ok').toBe(result.replace('VM setup: ', ''));
  if (result === 'ok') expect(read?.(t) ?? ret).toBe(value);
});

it('F-60 every recorded case is played', () => {
  expect(Object.keys(CASES).sort()).toEqual(recorded.map((r) => r.case).sort());
});
