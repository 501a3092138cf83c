// A guest's CPU interface by its instructions: system registers of a GICv3, GICC of a GICv2, and what user space has of both.

import { ERRNO } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { BASE } from '../options.ts';
import { instructionOf } from './instructions.ts';

const { EINVAL, ENOENT } = ERRNO;

/** A GICv3 with SPI 40 enabled, PMR F8, both groups on; the vCPU is in the guest. */
function v3(vm: object = {}, kernel: '6.1' | '6.12' = '6.12'): ArmVm {
  const t = openArm({ kernel, vm: { nr_irqs: 64, ...vm } });
  t.chip.state.dist.enabled = 1;
  t.op('vcpu_run');
  t.op('cpu_setup', { pmr: 0xf8 });
  Object.assign(t.irq(40), { enabled: 1, priority: 0xa0 });
  return t;
}

const mrs = (t: ArmVm, reg: string): number => Number(t.op('mrs', { reg }).out?.['value']);
const msr = (t: ArmVm, reg: string, value: number): number => t.ret('msr', { reg, value });
const iar = (t: ArmVm, more: object = {}): unknown => t.op('iar', { ...more }).out?.['x0'];

describe('F-17 registers of the guest', () => {
  it.each([
    // register, written, read back
    ['ICC_PMR_EL1', 0xff, 0xf8],
    ['ICC_BPR0_EL1', 0, 2],
    ['ICC_BPR0_EL1', 5, 5],
    ['ICC_BPR1_EL1', 0, 3],
    ['ICC_BPR1_EL1', 6, 6],
    ['ICC_IGRPEN0_EL1', 0xfe, 0],
    ['ICC_IGRPEN1_EL1', 1, 1],
    ['ICC_CTLR_EL1', 3, 0x8c03],
    ['ICC_SRE_EL1', 0, 7],
    ['ICC_AP0R0_EL1', 0x12345678, 0x12345678],
    ['ICC_AP1R1_EL1', 0xffff, 0],
  ])('%s := %i reads %i', (reg, value, read) => {
    const t = v3();
    expect([msr(t, reg, value), mrs(t, reg)]).toEqual([0, read]);
  });

  it('BPR1 with CBPR reads BPR0 + 1 and ignores writes', () => {
    const t = v3();
    msr(t, 'BPR0', 4);
    msr(t, 'CTLR', 1);
    msr(t, 'BPR1', 7);
    expect(mrs(t, 'BPR1')).toBe(5);
    msr(t, 'CTLR', 0);
    expect(mrs(t, 'BPR1')).toBe(3);
  });

  it('RPR and HPPIR follow what is taken; the group that is asked counts', () => {
    const t = v3();
    t.op('irq_line', { irq: 40 });
    expect([mrs(t, 'RPR'), mrs(t, 'HPPIR1'), mrs(t, 'HPPIR0'), iar(t, { group: 0 })]).toEqual([0xff, 40, 1023, 1023]);
    expect([iar(t), mrs(t, 'RPR'), mrs(t, 'AP1R0'), mrs(t, 'HPPIR1')]).toEqual([40, 0xa0, 1 << 20, 1023]);
    t.op('eoir', { intid: 40 });
    expect([mrs(t, 'RPR'), mrs(t, 'AP1R0')]).toEqual([0xff, 0]);
  });

  it('what is no register of the guest, or cannot be accessed so, is refused', () => {
    const t = v3();
    expect(['ICH_HCR_EL2', 'ICC_DIR_EL1', 'ICC_EOIR1_EL1', 'NONE'].map((reg) => t.ret('mrs', { reg }))).toEqual(
      Array(4).fill(-EINVAL),
    );
    expect([msr(t, 'ICC_IAR1_EL1', 0), t.ret('iar', { cpu: 1 })]).toEqual([-EINVAL, -EINVAL]);
  });

  it('T81 a priority equal to the mask is not taken', () => {
    const t = v3();
    msr(t, 'PMR', 0xa0);
    t.op('irq_line', { irq: 40 });
    expect(iar(t)).toBe(1023);
    msr(t, 'PMR', 0xa8);
    expect(iar(t)).toBe(40);
  });

  it.each([
    [3, 0xa0, true],
    [3, 0x98, true],
    [4, 0xa0, false],
    [4, 0x98, true],
  ])('T82 BPR1 %i: A8 runs, %i comes', (bpr1, priority, preempts) => {
    const t = v3();
    msr(t, 'BPR1', bpr1);
    Object.assign(t.irq(41), { enabled: 1, priority: 0xa8 });
    t.irq(40).priority = priority;
    t.op('irq_line', { irq: 41 });
    expect(iar(t)).toBe(41);
    t.op('irq_line', { irq: 40 });
    expect(iar(t)).toBe(preempts ? 40 : 1023);
  });

  it('F-18 T18 ICC_SGI1R_EL1 with IRM reaches all others', () => {
    const t = v3({ cpus: 3 });
    t.op('msr', { reg: 'ICC_SGI1R_EL1', value: '0x10001000000', cpu: 1 });
    expect([0, 1, 2].map((vcpu) => t.irq(1, vcpu).pendingLatch)).toEqual([1, 0, 1]);
    expect([iar(t), t.irq(1).pendingLatch]).toEqual([1, 0]);
  });
});

describe('F-17 the CPU against the handler of trapped accesses', () => {
  const ends = (cpuif_traps: boolean, intid: number, eoimode: number): unknown[] => {
    const t = v3({ cpuif_traps, vgic: '7.3' });
    t.op('cpu_setup', { pmr: 0xf8, eoimode });
    t.op('eoir', { intid });
    return [t.chip.state.interfaces.at(0).hcr.eoiCount, mrs(t, 'AP1R0')];
  };

  it('T80 EOIR of an LPI in no LR: a priority is dropped, EOIcount stays', () => {
    for (const cpuif_traps of [false, true]) {
      const t = v3({ cpuif_traps });
      t.op('irq_line', { irq: 40 });
      iar(t);
      t.op('eoir', { intid: 8200 });
      expect([t.chip.state.interfaces.at(0).hcr.eoiCount, mrs(t, 'AP1R0')]).toEqual([0, 0]);
    }
  });

  it.each([
    // the CPU, the handler
    ['1023', 1023, 0, 0, 1],
    ['no active priority', 50, 0, 0, 1],
    ['no active priority, EOImode 1', 50, 1, 0, 1],
  ])('N12 EOIR: %s', (_what, intid, eoimode, direct, trapped) => {
    expect([ends(false, intid, eoimode)[0], ends(true, intid, eoimode)[0]]).toEqual([direct, trapped]);
  });

  it.each([
    ['6.12', false, 5],
    ['7.3', true, 6],
  ] as const)('N10 Linux %s: a trapped write of BPR1 with CBPR', (vgic, stored, bpr1) => {
    const t = v3({ cpuif_traps: true, vgic });
    msr(t, 'BPR1', 5);
    msr(t, 'CTLR', 1);
    msr(t, 'BPR1', 6);
    msr(t, 'CTLR', 0);
    expect([mrs(t, 'BPR1'), stored]).toEqual([bpr1, bpr1 === 6]);
    msr(t, 'BPR1', 0x17);
    expect(mrs(t, 'BPR1')).toBe(vgic === '7.3' ? 6 : 7);
  });

  it.each([
    ['6.12', true, 1],
    ['7.3', true, 0],
    ['7.3', false, 1],
  ] as const)('N11 Linux %s on a host with SEIS, trapped: %s', (vgic, cpuif_traps, seis) => {
    expect((mrs(v3({ vgic, cpuif_traps, seis: true }), 'CTLR') >>> 14) & 1).toBe(seis);
  });

  it('F-30 N14 Linux 7.3: a trapped DIR of 1064 acts on 40', () => {
    const t = v3({ vgic: '7.3', nr_lr: 1 });
    t.op('cpu_setup', { pmr: 0xf8, eoimode: 1 });
    for (const [n, irq] of [40, 41].entries()) {
      Object.assign(t.irq(irq), { enabled: 1, priority: 0xa0 - 8 * n });
      t.op('irq_line', { irq });
      expect(iar(t)).toBe(irq);
    }
    t.op('dir', { intid: 1064 });
    expect(t.irq(40).active).toBe(0);
  });
});

describe('F-21 level interrupts that a guest makes pending', () => {
  const ISPENDR = BASE.GICD + 0x204;
  const soft = (t: ArmVm) => void t.op('guest_store', { addr: ISPENDR, value: 0x100 });
  const level = (): ArmVm => {
    const t = v3();
    t.irq(40).config = 1;
    return t;
  };

  it('N1 ISPENDR while it is active is lost at the EOI', () => {
    const t = level();
    t.op('irq_line', { irq: 40 });
    expect(iar(t)).toBe(40);
    t.op('irq_line', { irq: 40, level: 0 });
    soft(t);
    t.op('eoir', { intid: 40 });
    t.op('vcpu_exit');
    expect([t.irq(40).pendingLatch, iar(t)]).toEqual([0, 1023]);
  });

  it('N2 the latch stays until the end of the interrupt', () => {
    const t = level();
    soft(t);
    expect([iar(t), t.op('guest_load', { addr: ISPENDR }).out?.['x0']]).toEqual([40, 0x100]);
    t.op('eoir', { intid: 40 });
    expect(t.op('guest_load', { addr: ISPENDR }).out?.['x0']).toBe(0);
  });
});

describe('F-63 user space, GICv3', () => {
  const user = () => openArm({ vm: { nr_irqs: 64 } });
  const get = (t: ArmVm, reg: string): number => Number(t.op('sysreg', { reg }).out?.['value']);

  it.each([
    ['SRE without SRE', 'ICC_SRE_EL1', 0, -EINVAL],
    ['SRE', 'ICC_SRE_EL1', 1, 0],
    ['more priority bits than the host', 'ICC_CTLR_EL1', 0x8000 | (5 << 8) | (1 << 11), -EINVAL],
    ['more INTID bits than the host', 'ICC_CTLR_EL1', 0x8000 | (4 << 8) | (2 << 11), -EINVAL],
    ['A3V differs', 'ICC_CTLR_EL1', (4 << 8) | (1 << 11), -EINVAL],
    ['SEIS differs', 'ICC_CTLR_EL1', 0xc000 | (4 << 8) | (1 << 11), -EINVAL],
    ['as the host', 'ICC_CTLR_EL1', 0x8000 | (4 << 8) | (1 << 11) | 3, 0],
    ['an active priority register too many', 'ICC_AP1R1_EL1', 1, -EINVAL],
    ['a register of the guest alone', 'ICC_IAR1_EL1', 1, -ENOENT],
  ])('T79 %s', (_what, reg, value, ret) => {
    expect(user().ret('sysreg', { reg, value })).toBe(ret);
  });

  it('N9 a refused ICC_CTLR_EL1 has lowered the priority bits already', () => {
    const t = user();
    expect(get(t, 'CTLR')).toBe(0x8c00);
    expect(t.ret('sysreg', { reg: 'CTLR', value: 0xc000 | (3 << 8) | (1 << 11) })).toBe(-EINVAL);
    expect(get(t, 'CTLR')).toBe(0x8b00);
    expect(t.ret('sysreg', { reg: 'CTLR', value: 0x8000 | (4 << 8) | (1 << 11) })).toBe(-EINVAL);
  });

  it('fields are stored without a minimum until the vCPU runs; BPR1 with CBPR is BPR0 + 1', () => {
    const t = user();
    for (const [reg, value] of [
      ['PMR', 0xff],
      ['BPR0', 0],
      ['BPR1', 1],
      ['IGRPEN1', 3],
    ] as const)
      t.op('sysreg', { reg, value });
    expect(['PMR', 'BPR0', 'BPR1', 'IGRPEN1'].map((reg) => get(t, reg))).toEqual([0xff, 0, 1, 1]);
    t.op('vcpu_run');
    t.op('vcpu_exit');
    expect(['BPR0', 'BPR1'].map((reg) => get(t, reg))).toEqual([2, 3]);
    t.op('sysreg', { reg: 'CTLR', value: 0x8c01 });
    t.op('sysreg', { reg: 'BPR1', value: 7 });
    expect([get(t, 'BPR1'), get(t, 'AP1R0')]).toEqual([3, 0]);
  });
});

describe('F-12 F-66 GICv2', () => {
  /** SPIs 40 of group 0 and 41 of group 1. */
  function v2(vm: object = {}): ArmVm {
    const t = openArm({ vm: { gic: 2, nr_irqs: 64, cpus: 4, ...vm } });
    t.chip.state.dist.enabled = 1;
    t.op('vcpu_run');
    t.op('cpu_setup', { pmr: 0xf0 });
    Object.assign(t.irq(40), { enabled: 1, priority: 0xa0, group: 0 });
    Object.assign(t.irq(41), { enabled: 1, priority: 0xa0, group: 1 });
    return t;
  }
  const GICC = BASE.GICC;
  const load = (t: ArmVm, offset: number): unknown => t.op('guest_load', { addr: GICC + offset }).out?.['x0'];
  const store = (t: ArmVm, offset: number, value: number): void =>
    void t.op('guest_store', { addr: GICC + offset, value });

  it.each([2, 3] as const)('F-10 a GICv%i host: group 1 takes AckCtl or the aliases; EOIR ends', (host_gic) => {
    const t = v2({ host_gic });
    t.op('irq_line', { irq: 41 });
    expect([load(t, 0x0c), load(t, 0x18), load(t, 0x28), load(t, 0x20)]).toEqual([1022, 1022, 41, 41]);
    store(t, 0x24, 41);
    t.op('irq_line', { irq: 40 });
    expect([load(t, 0x20), load(t, 0x0c), load(t, 0x14), load(t, 0xd0)]).toEqual([1023, 40, 0xa0, 1 << 20]);
    store(t, 0x10, 40);
    expect([load(t, 0x14), load(t, 0x0c)]).toEqual([0xff, 1023]);
    store(t, 0x00, 7);
    t.op('irq_line', { irq: 41 });
    expect(iar(t)).toBe(41);
    t.op('eoir', { intid: 41 });
    t.op('vcpu_exit');
    expect(t.listed()).toEqual([]);
  });

  it('F-07 T15 T17 an SGI of two senders is taken once for each; the number has the sender', () => {
    const t = v2({ vgic: '7.3' });
    t.op('vcpu_exit');
    for (const cpu of [1, 2]) t.op('guest_store', { addr: BASE.GICD + 0xf00, value: 0x00010001, cpu });
    t.op('vcpu_run');
    expect(iar(t)).toBe(0x401);
    t.op('eoir', { intid: 0x401 });
    expect(iar(t)).toBe(0x801);
    t.op('eoir', { intid: 0x801 });
    expect(iar(t)).toBe(1023);
  });

  it.each([
    ['6.12', 'direct'],
    ['7.3', 'trapped'],
  ] as const)('F-33 Linux %s: GICC_DIR is %s', (vgic, how) => {
    const t = v2({ vgic });
    t.op('cpu_setup', { pmr: 0xf0, eoimode: 1 });
    t.op('irq_line', { irq: 40 });
    iar(t);
    t.op('eoir', { intid: 40 });
    t.events();
    t.op('dir', { intid: 40 });
    expect(t.events().includes('kvm_exit')).toBe(how === 'trapped');
    t.op('vcpu_exit');
    expect([t.irq(40).active, t.chip.bus.at(GICC + 0x1000).kind]).toEqual([0, how]);
  });

  it('F-10 user space: PMR is five bits, IIDR is KVM, binary points have no minimum, DIR is nothing', () => {
    const t = v2({ vgic: '7.3' });
    t.op('vcpu_exit');
    for (const [reg, value] of [
      ['PMR', 0x1f],
      ['BPR', 1],
      ['ABPR', 9],
      ['CTLR', 0xffff],
      ['APR:0', 3],
      ['APR:1', 3],
    ] as const)
      expect(t.ret('c', { reg, value })).toBe(0);
    const read = (reg: string): unknown => t.op('c', { reg }).out?.['value'];
    expect(['PMR', 'BPR', 'ABPR', 'CTLR', 'APR:0', 'APR:1', 'IIDR', 'IAR', 'DIR'].map(read)).toEqual([
      ...['0x1f', '0x1', '0x1', '0x21f', '0x3', '0x0', '0x4b2043b', '0x0', '0x0'],
    ]);
    expect(t.chip.state.interfaces.at(0).vmcr.pmr).toBe(0xf8);
  });
});

describe('F-13 F-26 F-32 words of the hypervisor', () => {
  const word = (t: ArmVm, reg: string): unknown => t.op('ich', { reg }).out?.['value'];
  /** The end of SPI 40, and the maintenance interrupt not yet taken. */
  const endLate = (t: ArmVm): void => void t.chip.cpus.run(0, instructionOf('msr ICC_EOIR1_EL1'), 40);

  it('GICv3: LR, VMCR, VTR, HCR, MISR, EISR, ELRSR', () => {
    const t = v3();
    t.irq(40).config = 1;
    t.op('irq_line', { irq: 40 });
    t.op('mrs', { reg: 'RPR' });
    expect([word(t, 'ICH_LR0_EL2'), word(t, 'ICH_VTR_EL2'), word(t, 'VMCR'), word(t, 'HCR')]).toEqual([
      ...['0x50a0020000000028', '0x90b80003', '0xf84c0003', '0x1'],
    ]);
    iar(t);
    expect([word(t, 'LR0'), word(t, 'AP1R0'), word(t, 'ELRSR')]).toEqual(['0x90a0020000000028', '0x100000', '0xe']);
    endLate(t);
    expect([word(t, 'MISR'), word(t, 'EISR'), word(t, 'ELRSR')]).toEqual(['0x1', '0x1', '0xe']);
  });

  it('GICv2: the same by GICH', () => {
    const t = openArm({ vm: { gic: 2, host_gic: 2, nr_irqs: 64, vgic: '7.3' } });
    t.chip.state.dist.enabled = 1;
    t.op('vcpu_run');
    t.op('cpu_setup', { pmr: 0xf0 });
    Object.assign(t.irq(40), { enabled: 1, priority: 0xa0, group: 0, config: 1 });
    t.op('irq_line', { irq: 40 });
    iar(t);
    expect([word(t, 'GICH_LR0'), word(t, 'GICH_VTR'), word(t, 'GICH_APR'), word(t, 'GICH_VMCR')]).toEqual([
      ...['0x2a080028', '0x90000003', '0x100000', '0xf04c0003'],
    ]);
    expect(t.ret('ich', { reg: 'NONE' })).toBe(-EINVAL);
  });
});
