// A guest's access to active bits while other vCPUs go in and out of their guests: whom the stop of the VM waits for. Linux: arm.c kvm_arm_halt_guest, kvm_main.c kvm_request_needs_ipi.

import { describe, expect, it } from 'vitest';
import { openRegisters, type RegisterVm } from '../__fixtures__/registers.ts';
import { kvmVcpuEnter } from '../run/enter.ts';
import { kvmVcpuReturn } from '../run/exit.ts';
import { kvmVcpuThread } from '../run/thread.ts';
import { ACTIVE, vgicAccessActive } from './active.ts';
import { guestAccessActive } from './guest-active.ts';

/** SPI 40 active in the list register of vCPU 1, which is in its guest; vCPU 0 is in KVM. */
function served(vgic: string): RegisterVm {
  const t = openRegisters({ vm: { vgic } });
  t.op('d', { reg: 'CTLR', value: 2 });
  t.op('cpu_setup', { cpu: 1 });
  t.op('irq_setup', { intid: 40, target: 1, edge: true });
  t.op('vcpu_run', { cpu: 1 });
  t.op('irq_line', { irq: 40, level: 1 });
  expect(t.op('iar', { cpu: 1 }).out?.['x0']).toBe(40);
  return t;
}

const processesOf = (t: RegisterVm) => t.chip.context.processes();
const spawn = (t: RegisterVm, protocol: object, args: object): number =>
  processesOf(t).spawn(protocol as never, { vm: 0, ...args } as never);
/** Runs a process up to a label, or as far as it goes. */
function runTo(t: RegisterVm, pid: number, label?: string): 'done' | 'blocked' | 'there' {
  const all = processesOf(t);
  while (all.labelOf(pid) !== label) {
    const result = all.step(pid);
    if (result !== 'moved') return result;
  }
  return 'there';
}
const clear = (t: RegisterVm): number =>
  spawn(t, vgicAccessActive, { vcpu: 0, bank: 0, first: t.chip.irqs.find(0, 32), word: 0x100, access: ACTIVE.CLEAR });

describe.each(['6.1', '6.12', '7.3'])('F-22 Linux %s', (vgic) => {
  it('a vCPU in its guest is waited for until its list registers are back', () => {
    const t = served(vgic);
    const thread = spawn(t, kvmVcpuThread, { vcpu: 1 });
    const access = clear(t);
    expect([runTo(t, access), processesOf(t).labelOf(access)]).toEqual(['blocked', 'wait']);
    runTo(t, thread, 'run.exit.fold.startWalk');
    expect([runTo(t, access), t.irq(40).active]).toEqual(['blocked', 1]);
    expect(runTo(t, thread, 'run.enter.sleep')).toBe('there');
    expect(runTo(t, thread)).toBe('blocked');
    expect([runTo(t, access), t.irq(40).active]).toEqual(['done', 0]);
    runTo(t, thread, 'wait');
    expect([t.chip.run.isIn(1), t.irq(40).active, t.chip.state.run.at(1).pause]).toEqual([true, 0, 0]);
  });

  it('a vCPU that has left guest mode by itself is not waited for: its fold undoes ICACTIVER', () => {
    const t = served(vgic);
    const exit = spawn(t, kvmVcpuReturn, { vcpu: 1 });
    runTo(t, exit, 'exit.fold.begin');
    expect([runTo(t, clear(t)), t.irq(40).active]).toEqual(['done', 0]);
    runTo(t, exit);
    expect(t.irq(40).active).toBe(1);
  });

  it('a vCPU that has filled its list registers and is not yet in guest mode is not waited for either', () => {
    const t = served(vgic);
    t.op('vcpu_exit', { cpu: 1 });
    const entry = spawn(t, kvmVcpuEnter, { vcpu: 1 });
    runTo(t, entry, 'setMode');
    const access = clear(t);
    expect([runTo(t, access), t.irq(40).active]).toEqual(['done', 0]);
    runTo(t, entry);
    expect([t.chip.run.isIn(1), t.irq(40).active]).toEqual([true, 1]);
  });

  it('two accesses take turns, by config_lock', () => {
    const t = served(vgic);
    spawn(t, kvmVcpuThread, { vcpu: 1 });
    const [first, second] = [clear(t), clear(t)];
    runTo(t, first, 'wait');
    expect([runTo(t, second), processesOf(t).labelOf(second)]).toEqual(['blocked', 'lock config']);
  });
});

it('F-22 a load by guest code, step by step: exit, stop, entry', () => {
  const t = served('7.3');
  const thread = spawn(t, kvmVcpuThread, { vcpu: 1 });
  t.op('vcpu_run', { cpu: 0 });
  const first = t.chip.irqs.find(0, 32);
  const load = spawn(t, guestAccessActive, { vcpu: 0, bank: 0, first, access: ACTIVE.READ });
  expect([runTo(t, load), processesOf(t).labelOf(load), t.chip.run.isIn(0)]).toEqual(['blocked', 'access.wait', false]);
  runTo(t, thread);
  runTo(t, load, 'entered');
  expect([(processesOf(t).frameOf(load) as { word?: number }).word, t.chip.run.isIn(0)]).toEqual([0x100, true]);
  expect(runTo(t, load)).toBe('done');
});

it('guest_store of ICACTIVER is that path; of other registers, and of bytes, it is done at once', () => {
  const t = openRegisters();
  const { operations } = t.session.vm.backend.vocabulary;
  const begin = (addr: number, size: number) =>
    operations['guest_store']?.path?.({ addr: BigInt(addr), value: 0x100n, size, cpu: 0 }, {}).begin(t.chip as never);
  const first = t.chip.irqs.find(0, 32);
  expect(begin(0x08000384, 4)).toEqual({ vm: 0, word: 0x100, vcpu: 0, bank: 0, first, access: ACTIVE.CLEAR });
  expect([begin(0x08000384, 1), begin(0x08000104, 4), begin(0x40000000, 4)]).toEqual([0, 0, 0]);
  expect([t.irq(40).enabled, t.op('guest_load', { addr: 0x40000000 }).out?.['x0']]).toEqual([1, 0x100]);
});
