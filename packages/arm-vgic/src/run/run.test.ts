// A vCPU in and out of its guest: kicks, the maintenance interrupt, WFI, and what KVM knows of the guest meanwhile.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import type { VgicVersion } from '../kernel.ts';
import { EXIT } from './exits.ts';

function guest(vm: object = {}): ArmVm {
  const t = openArm({ vm: { nr_irqs: 64, ...vm } });
  t.chip.state.dist.enabled = 1;
  t.op('vcpu_run');
  t.op('cpu_setup', { pmr: 0xf8 });
  for (const intid of [40, 41]) Object.assign(t.irq(intid), { enabled: 1, priority: 0xa0 });
  t.events();
  return t;
}

const iar = (t: ArmVm): unknown => t.op('iar').out?.['x0'];
const exits = (t: ArmVm): number => t.events().filter((e) => e === 'kvm_exit').length;

describe('F-06 a vCPU in the guest', () => {
  it('is kicked by an injection, leaves and enters with the interrupt', () => {
    const t = guest();
    expect([iar(t), exits(t)]).toEqual([1023, 0]);
    t.op('irq_line', { irq: 40 });
    expect(t.chip.state.interfaces.at(0).used).toBe(0);
    expect([iar(t), exits(t)]).toEqual([40, 1]);
  });

  it('is left alone by what is disabled, by the distributor too', () => {
    const t = guest();
    t.irq(40).enabled = 0;
    t.op('irq_line', { irq: 40 });
    t.chip.state.dist.enabled = 0;
    t.op('irq_line', { irq: 41 });
    expect([iar(t), exits(t), t.listed()]).toEqual([1023, 0, []]);
  });

  it.each(['6.12', '7.3'] as const)(
    'F-32 Linux %s: the end of a level SPI is a maintenance interrupt, that of an edge none',
    (vgic) => {
      const t = guest({ vgic });
      t.irq(41).config = 1;
      for (const [irq, expected] of [
        [40, 1],
        [41, 2],
      ] as const) {
        t.op('irq_line', { irq });
        iar(t);
        t.op('irq_line', { irq, level: 0 });
        t.op('eoir', { intid: irq });
        expect(exits(t)).toBeGreaterThanOrEqual(expected);
      }
      expect([t.irq(41).active, t.listed().includes(41)]).toEqual([0, false]);
    },
  );

  it('F-32 a group that the guest switches off or on is one in 7.3', () => {
    for (const [vgic, expected] of [
      ['6.12', 0],
      ['7.3', 1],
    ] as const) {
      const t = guest({ vgic });
      t.op('msr', { reg: 'ICC_IGRPEN1_EL1', value: 0 });
      expect([vgic, exits(t)]).toEqual([vgic, expected]);
    }
  });

  it('a request that comes between the list registers and the guest is served before it runs', () => {
    const t = guest();
    t.op('vcpu_exit');
    t.chip.context.kvm.vcpus.request(0, 17);
    t.op('vcpu_run');
    expect(t.chip.context.kvm.vcpus.isRequested(0, 17)).toBe(false);
  });

  it('without such a vCPU, or out of the guest, words say so', () => {
    const t = guest();
    expect([t.ret('vcpu_run', { cpu: 3 }), t.ret('wfi', { cpu: 3 }), t.ret('vcpu_exit', { cpu: 3 })]).toEqual([
      -22, -22, -22,
    ]);
    t.op('vcpu_exit');
    expect(t.ret('vcpu_exit')).toBe(-22);
  });
});

describe('F-06 WFI', () => {
  it('sleeps until an interrupt comes, and the guest goes on', () => {
    const t = guest();
    t.op('wfi');
    expect([t.chip.run.isIn(0), t.ret('iar'), t.chip.context.kvm.vcpus.isBlocking(0)]).toEqual([false, -22, true]);
    t.op('irq_line', { irq: 40 });
    expect([t.chip.run.isIn(0), iar(t)]).toEqual([true, 40]);
  });

  it('does not sleep on one that waits, and not for one below the mask', () => {
    const t = guest();
    t.op('irq_line', { irq: 40 });
    t.op('wfi');
    expect(t.chip.run.isIn(0)).toBe(true);
    const masked = guest();
    masked.op('msr', { reg: 'ICC_PMR_EL1', value: 0x80 });
    masked.op('irq_line', { irq: 40 });
    masked.op('wfi');
    expect(masked.chip.run.isIn(0)).toBe(false);
  });

  it.each([
    ['6.12', 0],
    ['7.3', 0xf8],
  ] as const)('Linux %s: while the vCPU runs KVM takes its priority mask for %i', (vgic: VgicVersion, mask) => {
    const t = openArm({ vm: { nr_irqs: 64, vgic } });
    t.op('vcpu_run');
    t.op('cpu_setup', { pmr: 0xf8 });
    t.chip.run.intercepted(0, EXIT.DABT_LOW, () => undefined);
    expect(t.chip.lists.maskOf(0)).toBe(mask);
    t.op('wfi');
    expect(t.chip.lists.maskOf(0)).toBe(0xf8);
  });
});

describe('exits and kicks as the kernel prints them', () => {
  const lines = (t: ArmVm): string[] => t.session.takeTrace().filter((line) => /^(kvm_exit|ipi_send_cpu)/.test(line));
  const WORDS = {
    'kvm_exit: vcpu 0 TRAP: HSR_EC: 0x0024 (DABT_LOW)': (t) => t.op('guest_load', { addr: '0x8000000' }),
    'kvm_exit: vcpu 0 TRAP: HSR_EC: 0x0018 (SYS64)': (t) => t.op('msr', { reg: 'ICC_SGI1R_EL1', value: 1 }),
    'kvm_exit: vcpu 0 TRAP: HSR_EC: 0x0001 (WFx)': (t) => t.op('wfi'),
    'kvm_exit: vcpu 0 IRQ: HSR_EC: 0x0000 (UNKNOWN)': (t) => t.op('vcpu_exit'),
  } as const satisfies Record<string, (t: ArmVm) => unknown>;

  it.each(Object.entries(WORDS))('%s', (line, word) => {
    const t = guest();
    word(t);
    expect(lines(t)).toEqual([line]);
  });

  it.each([
    [3, 'msr ICC_DIR_EL1', 'SYS64'],
    [2, 'str GICC_DIR', 'DABT_LOW'],
  ] as const)('a trapped DIR of a GICv%i guest, %s: %s', (gic, what, name) => {
    const t = openArm({ vm: { nr_irqs: 64, gic, vgic: '7.3', tdir: false, ...(gic === 2 ? { host_gic: 2 } : {}) } });
    t.op('vcpu_run');
    t.op('cpu_setup', { eoimode: 1 });
    t.session.takeTrace();
    t.chip.guest.execute(0, t.chip.guest.instruction(what), 40);
    expect(lines(t)).toEqual([expect.stringContaining(`(${name})`)]);
  });

  it('a vCPU that the scheduler gave no physical CPU is kicked on that of its own number', () => {
    const kickOf = (pcpu?: number): string[] => {
      const t = openArm({ vm: { cpus: 2, nr_irqs: 64 } });
      if (pcpu !== undefined) t.op('vcpu_load', { cpu: 1, pcpu });
      t.op('vcpu_run', { cpu: 1 });
      t.chip.state.dist.enabled = 1;
      Object.assign(t.irq(40), { enabled: 1, priority: 0xa0, target: 2 });
      t.session.takeTrace();
      t.op('irq_line', { irq: 40 });
      return lines(t);
    };
    expect([kickOf(), kickOf(3)]).toEqual([
      ['ipi_send_cpu: cpu=1 callsite=kvm_vcpu_kick'],
      ['ipi_send_cpu: cpu=3 callsite=kvm_vcpu_kick'],
    ]);
  });
});
