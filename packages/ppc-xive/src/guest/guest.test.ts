// A Linux guest of a pseries machine serves interrupts in XIVE mode and in XICS mode. Linux: arch/powerpc/sysdev/{xive,xics}.

import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { realFrame } from '../hw/ram.ts';
import { type TestVm, testVm } from './__fixtures__/vm.ts';

const MSI = 0x1300;
const LSI = 0x1200;
const MODES = ['xive', 'xics'] as const;
/** Number that the guest gives to its first interrupt after the IPI. */
const FIRST = 17;

/** A guest that has booted, with an MSI that goes to CPU 1 and an LSI that goes to CPU 0. */
function booted(mode: (typeof MODES)[number], more: Readonly<Record<string, unknown>> = {}): TestVm {
  const t = testVm({ vm: { ic_mode: 'dual', ...more } });
  expect(t.op('guest_boot', { mode }).ret).toBe(0);
  for (const [lisn, lsi] of [
    [MSI, 0],
    [LSI, 1],
  ])
    expect(t.op('claim_irq', { lisn, lsi }).ret).toBe(0);
  expect(t.out('guest_irq_startup', { lisn: MSI, target: 1 })).toEqual({ irq: FIRST });
  expect(t.out('guest_irq_startup', { lisn: LSI, target: 0 })).toEqual({ irq: FIRST + 1 });
  return t;
}

const served = (t: TestVm, cpu: number): unknown => t.out('guest_serve', { cpu })['irqs'];
const pq = (t: TestVm, lisn: number): number => t.chip.sources.hw(t.chip.sources.find(lisn) as never).pq;

describe.each(MODES)('F-59 a guest in %s mode', (mode) => {
  it('F-59 an emulated device interrupts the CPU that the guest has chosen, once per message', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: MSI });
    expect(t.out('guest_interrupt', { cpu: 0 })).toEqual({ irq: null, lisn: null });
    expect(t.out('guest_interrupt', { cpu: 1 })).toEqual({ irq: FIRST, lisn: '0x1300' });
    expect(t.out('guest_interrupt', { cpu: 1 })).toEqual({ irq: null, lisn: null });
    expect([t.op('guest_eoi', { cpu: 1, irq: FIRST }).ret, pq(t, MSI), served(t, 1)]).toEqual([0, 0, []]);
  });

  it('F-59 a second message before the EOI comes after it', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: MSI });
    t.op('guest_interrupt', { cpu: 1 });
    t.op('qemu_irq', { lisn: MSI });
    t.op('qemu_irq', { lisn: MSI });
    expect(pq(t, MSI)).toBe(3);
    t.op('guest_eoi', { cpu: 1, lisn: MSI });
    expect([served(t, 1), pq(t, MSI)]).toEqual([[FIRST], 0]);
  });

  it('F-02 F-57 F-59 an LSI that stays high comes again after its EOI, until it is low', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: LSI, level: 1 });
    const first = t.out('guest_interrupt', { cpu: 0 });
    t.op('guest_eoi', { cpu: 0, lisn: LSI });
    const second = t.out('guest_interrupt', { cpu: 0 });
    expect([first, second].map((o) => o['irq'])).toEqual([FIRST + 1, FIRST + 1]);
    t.op('qemu_irq', { lisn: LSI, level: 0 });
    t.op('guest_eoi', { cpu: 0, lisn: LSI });
    expect([served(t, 0), pq(t, LSI)]).toEqual([[], 0]);
  });

  it('F-02 F-57 an LSI that falls while nothing is pending: QEMU triggers its XIVE source for this, too', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: LSI, level: 0 });
    expect(served(t, 0)).toEqual(mode === 'xive' ? [FIRST + 1] : []);
  });

  it('F-59 a masked interrupt does not come, and comes once unmasked if it was pending', () => {
    const t = booted(mode);
    t.op('guest_irq_mask', { cpu: 1, lisn: MSI });
    t.op('qemu_irq', { lisn: MSI });
    expect(served(t, 1)).toEqual([]);
    t.op('guest_irq_unmask', { cpu: 1, lisn: MSI });
    // A XIVE guest masks with PQ=01, which forgets what comes; KVM masks for a XICS guest with PQ=10.
    expect(served(t, 1)).toEqual(mode === 'xive' ? [] : [FIRST]);
    t.op('qemu_irq', { lisn: MSI });
    expect(served(t, 1)).toEqual([FIRST]);
  });

  it('F-59 an interrupt that was taken, masked, unmasked and ended comes again', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: MSI });
    t.op('guest_interrupt', { cpu: 1 });
    t.op('guest_irq_mask', { cpu: 1, lisn: MSI });
    t.op('guest_irq_unmask', { cpu: 1, lisn: MSI });
    expect(pq(t, MSI)).toBe(2);
    t.op('qemu_irq', { lisn: MSI });
    t.op('guest_eoi', { cpu: 1, lisn: MSI });
    expect([served(t, 1), pq(t, MSI)]).toEqual([[FIRST], 0]);
  });

  it('F-59 moved to another CPU it comes there', () => {
    const t = booted(mode);
    expect(t.op('guest_set_affinity', { cpu: 0, lisn: MSI, target: 0 }).ret).toBe(0);
    t.op('qemu_irq', { lisn: MSI });
    expect([served(t, 1), served(t, 0)]).toEqual([[], [FIRST]]);
  });

  it('F-59 shut down it comes no more, and starts again', () => {
    const t = booted(mode);
    expect(t.op('guest_irq_shutdown', { lisn: MSI }).ret).toBe(0);
    t.op('qemu_irq', { lisn: MSI });
    expect([served(t, 0), served(t, 1)]).toEqual([[], []]);
    t.op('guest_irq_startup', { lisn: MSI, target: 0 });
    t.op('qemu_irq', { lisn: MSI });
    expect(served(t, 0)).toContain(FIRST);
  });

  it('F-59 IPIs go to the CPU that is meant, and again after they were served', () => {
    const t = booted(mode);
    for (let i = 0; i < 3; i++) {
      t.op('guest_ipi', { cpu: 0, target: 1 });
      expect([served(t, 0), served(t, 1)]).toEqual([[], [16]]);
    }
  });

  it('F-59 IPI and device interrupt together: the guest takes both', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: MSI });
    t.op('guest_ipi', { cpu: 0, target: 1 });
    expect(new Set(served(t, 1) as number[])).toEqual(new Set([16, FIRST]));
  });

  it('F-15 F-60 what comes while the vCPU is preempted waits for it', () => {
    const t = booted(mode);
    t.op('vcpu_put', { vcpu: 1 });
    t.op('qemu_irq', { lisn: MSI });
    expect(t.op('guest_interrupt', { cpu: 1 }).ret).toBe(-EINVAL);
    expect(t.op('vcpu_load', { vcpu: 1, thread: 5 }).ret).toBe(0);
    t.op('vcpu_run', { vcpu: 1 });
    expect(served(t, 1)).toEqual([FIRST]);
  });

  it('F-60 a ceded vCPU sleeps, is woken by its interrupt, and takes it', () => {
    const t = booted(mode);
    const { vcpus } = t.machine.kvms[0] as (typeof t.machine.kvms)[number];
    t.op('guest_cede', { cpu: 1 });
    expect([vcpus.isBlocking(1), t.chip.state.kvm.vcpus.at(1).ceded]).toEqual([true, 1]);
    t.op('qemu_irq', { lisn: MSI });
    expect(t.lines().filter((l) => /^(host_escalation|kvm_vcpu_wakeup|kvm_guest_enter)/.test(l))).toEqual([
      `host_escalation: vcpu 1 priority ${mode === 'xive' ? 6 : 0}`,
      'kvm_vcpu_wakeup: vcpu 1',
      'kvm_guest_enter: VCPU 1',
    ]);
    expect([vcpus.isBlocking(1), served(t, 1)]).toEqual([false, [FIRST]]);
  });

  it('F-60 a vCPU with something pending does not fall asleep', () => {
    const t = booted(mode);
    t.op('qemu_irq', { lisn: MSI });
    t.op('guest_cede', { cpu: 1 });
    expect(t.lines()).toContain('kvm_guest_enter: VCPU 1');
    expect(served(t, 1)).toEqual([FIRST]);
  });

  it('operations of a guest that is not there, of a CPU it does not have, of an unknown interrupt: EINVAL', () => {
    const t = testVm({ vm: { ic_mode: 'dual' } });
    expect(t.op('guest_serve').ret).toBe(-EINVAL);
    const b = booted(mode);
    expect([
      b.op('guest_serve', { cpu: 7 }).ret,
      b.op('guest_eoi', { irq: 40 }).ret,
      b.op('guest_irq_mask', { lisn: 0x1333 }).ret,
      b.op('guest_boot', { mode }).ret,
    ]).toEqual([-EINVAL, -EINVAL, -EINVAL, -EINVAL]);
  });
});

describe('F-59 XIVE mode alone', () => {
  it('F-59 what a guest does with an MSI needs no exit; with an LSI it needs hypercalls', () => {
    const t = booted('xive');
    t.op('qemu_irq', { lisn: MSI });
    served(t, 1);
    expect(t.lines()).toEqual([`guest_irq: cpu 1 irq ${FIRST}`]);
    t.op('qemu_irq', { lisn: LSI });
    t.op('guest_interrupt', { cpu: 0 });
    expect(t.lines()).toEqual([`guest_irq: cpu 0 irq ${FIRST + 1}`]);
    t.op('guest_eoi', { cpu: 0, lisn: LSI });
    expect(t.lines().filter((l) => l.startsWith('kvm_hcall_enter'))).toEqual([
      'kvm_hcall_enter: VCPU 0: hcall=H_INT_ESB GPR4-7=0x0 0x1200 0x0 0x0',
    ]);
  });

  it('F-40 the first touch of an ESB page faults, and no other does', () => {
    const t = testVm();
    t.op('guest_boot');
    t.op('claim_irq', { lisn: MSI });
    t.op('guest_irq_startup', { lisn: MSI });
    expect(t.lines().filter((l) => l.includes('H_DATA_STORAGE')).length).toBe(1);
    t.op('guest_irq_mask', { lisn: MSI });
    expect(t.lines()).toEqual([]);
  });

  it('F-59 retrigger: PQ 11 and an EOI make the source send once more; an LSI cannot', () => {
    const t = booted('xive');
    expect(t.op('guest_irq_retrigger', { cpu: 1, lisn: MSI }).ret).toBe(0);
    expect([served(t, 1), t.op('guest_irq_retrigger', { lisn: LSI }).ret]).toEqual([[FIRST], -EINVAL]);
  });

  it('V-17 the first event of a queue is 0x80000000 with the EISN, and the position moves by one', () => {
    const t = booted('xive');
    t.op('qemu_irq', { lisn: MSI });
    const { host } = t.chip;
    // Queue of CPU 1: 16 MiB + 64 KiB.
    expect(host.xive.ram.load(realFrame(1, 0x1010), 0)).toBe(0x80000000 + FIRST);
    const { out } = t.op('hcall', { name: 'H_INT_GET_QUEUE_CONFIG', args: [1n, 1n, 6n] });
    expect(out).toEqual({ rc: 'H_SUCCESS', r4: '0x4000000000000001', r5: '0x1010000', r6: '0x10', r7: '0x1' });
  });

  it('F-59 loads and stores by address are those of the driver; elsewhere QEMU gets the exit', () => {
    const t = booted('xive');
    const management = 0x0006010000000000n + BigInt(MSI) * 0x20000n + 0x10000n;
    t.op('guest_store', { addr: management - 0x10000n });
    expect(t.out('guest_load', { cpu: 1, addr: management + 0x800n })['value']).toBe('0x2');
    const tima = 0x0006030203180000n + 0x20000n;
    expect(t.out('guest_load', { cpu: 1, addr: tima + 0x10n })['value']).toBe('0x80ff0200ff000006');
    expect(t.out('guest_load', { addr: 0x100n, size: 4 })['value']).toBe('0xffffffff');
    expect(t.lines()).toContain('kvm_userspace_exit: reason KVM_EXIT_MMIO (6) load');
  });

  it('F-44 an unclaimed LISN faults: KVM_RUN fails', () => {
    const t = booted('xive');
    t.op('guest_load', { addr: 0x0006010000000000n + 0x1400n * 0x20000n });
    expect(t.lines().some((l) => l.startsWith('kvm_run_failed: VCPU 0: Bad address'))).toBe(true);
  });
});

describe('V-73 F-60 cede and the escalation interrupt', () => {
  const escalation = (t: TestVm): number => {
    const v = t.chip.state.kvm.vcpus.at(1);
    return t.chip.host.xive.router.loadEnd(v.escPage - 1, 'ese', 0x800);
  };

  it('V-73 esc_on=0: it is armed, PQ=00, and the vCPU sleeps', () => {
    const t = booted('xive');
    expect(escalation(t)).toBe(1);
    t.op('guest_cede', { cpu: 1 });
    expect([t.chip.state.kvm.vcpus.at(1).escOn, escalation(t)]).toEqual([1, 0]);
  });

  it('V-73 esc_on=1: the cede is off, PQ=10', () => {
    const t = booted('xive');
    t.chip.state.kvm.vcpus.at(1).escOn = 1;
    t.op('guest_cede', { cpu: 1 });
    expect([escalation(t), t.chip.guest.exits.isIn(1), t.lines().includes('kvm_vcpu_wakeup: vcpu 1')]).toEqual([
      1,
      true,
      false,
    ]);
  });

  it('F-13 F-14 it fires once: no EOI, and the next cede arms it again', () => {
    const t = booted('xive');
    for (let i = 0; i < 2; i++) {
      t.op('guest_cede', { cpu: 1 });
      t.op('qemu_irq', { lisn: MSI });
      expect(escalation(t)).toBe(2);
      expect(served(t, 1)).toEqual([FIRST]);
    }
  });

  it('F-60 without single escalation each queue has its own interrupt', () => {
    const t = testVm({ host: { single_escalation: false } });
    t.op('guest_boot');
    t.op('claim_irq', { lisn: MSI });
    t.op('guest_irq_startup', { lisn: MSI, target: 1 });
    for (let i = 0; i < 3; i++) {
      t.op('guest_cede', { cpu: 1 });
      t.op('qemu_irq', { lisn: MSI });
      expect(served(t, 1)).toEqual([FIRST]);
    }
  });
});

describe('F-56 where QEMU and KVM do not agree', () => {
  it('F-33 F-56 the mask flag with nothing else that is new: QEMU has the source masked, KVM goes on', () => {
    const t = booted('xive');
    const args = [1n, BigInt(MSI), 1n, 6n, 0n];
    expect(t.out('hcall', { name: 'H_INT_SET_SOURCE_CONFIG', args })['rc']).toBe('H_SUCCESS');
    expect(t.out('hcall', { name: 'H_INT_GET_SOURCE_CONFIG', args: [0n, BigInt(MSI)] })['r5']).toBe('0xff');
    t.op('qemu_irq', { lisn: MSI });
    expect(served(t, 1)).toEqual([FIRST]);
  });

  it('F-34 F-36 D-11 a second priority of a CPU is H_HARDWARE with single escalation', () => {
    const t = booted('xive');
    const setQueue = (): unknown =>
      t.out('hcall', { name: 'H_INT_SET_QUEUE_CONFIG', args: [1n, 0n, 5n, 0x2000000n, 16n] })['rc'];
    expect(setQueue()).toBe('H_HARDWARE');
    expect(t.lines()).toContain('qemu_error: XIVE: KVM_DEV_XIVE_GRP_EQ_CONFIG: -16');
  });

  it('F-34 F-56 sizes that the architecture has and KVM has not, and a queue without notification: H_HARDWARE', () => {
    const t = booted('xive');
    const rcs = [
      [1n, 1n, 6n, 0x2000000n, 12n],
      [1n, 1n, 6n, 0x2000000n, 21n],
      [0n, 1n, 6n, 0x2000000n, 16n],
    ].map((args) => t.out('hcall', { name: 'H_INT_SET_QUEUE_CONFIG', args })['rc']);
    expect(rcs).toEqual(['H_HARDWARE', 'H_HARDWARE', 'H_HARDWARE']);
  });

  it('F-29 F-56 H_INT_RESET: no interrupt comes any more', () => {
    const t = booted('xive');
    t.op('hcall', { name: 'H_INT_RESET', args: [0n] });
    t.op('qemu_irq', { lisn: MSI });
    expect(served(t, 1)).toEqual([]);
  });
});

describe('F-50 F-56 hypercalls of the other mode', () => {
  it.each([
    ['dual', 'xive', 'H_XIRR', 'H_HARDWARE'],
    ['xive', 'xive', 'H_XIRR', 'H_FUNCTION'],
    ['dual', 'xive', 'H_INT_SYNC', 'H_SUCCESS'],
    ['dual', 'xics', 'H_INT_SYNC', 'H_FUNCTION'],
    ['xics', 'xics', 'H_INT_SYNC', 'H_FUNCTION'],
    ['xics', 'xics', 'H_XIRR', 'H_SUCCESS'],
  ])('F-56 ic-mode=%s, guest in %s mode: %s is %s', (icMode, mode, name, rc) => {
    const t = testVm({ vm: { ic_mode: icMode } });
    t.op('guest_boot', { mode });
    t.op('claim_irq', { lisn: MSI });
    expect(t.out('hcall', { name, args: [0n, BigInt(MSI)] })['rc']).toBe(rc);
  });
});

describe('F-48 the machine is reset', () => {
  it.each(MODES)('F-48 dual: after %s mode it can boot in either', (mode) => {
    const t = booted(mode);
    for (const next of MODES) {
      expect(t.op('system_reset').ret).toBe(0);
      expect(t.op('guest_boot', { mode: next }).ret).toBe(0);
      expect(t.chip.state.kvm.device).toBe(next === 'xive' ? 1 : 2);
      t.op('guest_irq_startup', { lisn: MSI, target: 1 });
      t.op('qemu_irq', { lisn: MSI });
      expect(served(t, 1)).toEqual([FIRST]);
    }
  });

  it('F-66 a guest that asks for a mode the machine does not have is the end of it', () => {
    const t = testVm({ vm: { ic_mode: 'xics' } });
    expect(t.op('guest_boot', { mode: 'xive' }).ret).toBe(-EINVAL);
    expect(t.op('guest_boot', { mode: 'xics' }).ret).toBe(-ENODEV);
  });
});
