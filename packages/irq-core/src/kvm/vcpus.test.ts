// vCPU requests, kicks and modes; and a halt that never misses a wake-up.

import { describe, expect, it } from 'vitest';
import { u8 } from '../arena/index.ts';
import { pct, protocolsOn, random, reorder, run } from '../protocol/index.ts';
import { fakeMachine } from './__fixtures__/fake-vm.ts';
import { type Kvm, type KvmWorld, kvmVcpuBlock, REQ, VCPU_MODE } from './index.ts';

const vcpus = () => fakeMachine().kvms[0]!.vcpus;

describe('requests', () => {
  it('are seen once each, by the vCPU they were made to', () => {
    const v = vcpus();
    v.request(0, REQ.UNBLOCK);
    v.request(0, 31);
    expect([v.isRequested(0, 31), v.check(0, 31), v.check(0, 31), v.check(1, REQ.UNBLOCK)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    v.requestAll(REQ.ARCH_BASE);
    expect([0, 1].map((i) => v.check(i, REQ.ARCH_BASE))).toEqual([true, true]);
    expect(v.isRequested(0, REQ.UNBLOCK)).toBe(true);
  });
});

describe('kick', () => {
  it('wakes a sleeper, makes a runner leave the guest once, and leaves one in the host alone', () => {
    const v = vcpus();
    expect([v.kick(0), v.mode(0)]).toEqual([false, VCPU_MODE.OUTSIDE_GUEST_MODE]);
    v.enterGuest(0);
    expect([v.kick(0), v.kick(0), v.mode(0)]).toEqual([true, false, VCPU_MODE.EXITING_GUEST_MODE]);
    v.exitGuest(0);
    v.block(0);
    expect([v.kick(0), v.isBlocking(0), v.wakeUp(0)]).toEqual([false, false, false]);
  });
});

describe('notify', () => {
  it('is a request and a kick', () => {
    const v = vcpus();
    v.enterGuest(1);
    v.notify(1, REQ.ARCH_BASE);
    expect([v.isRequested(1, REQ.ARCH_BASE), v.mode(1)]).toEqual([true, VCPU_MODE.EXITING_GUEST_MODE]);
    v.block(1);
    v.notify(1, REQ.UNBLOCK);
    expect([v.isRequested(1, REQ.UNBLOCK), v.isBlocking(1)]).toEqual([true, false]);
  });
});

describe('load and put', () => {
  it('remember the physical CPU', () => {
    const v = vcpus();
    expect(v.pcpu(1)).toBe(-1);
    v.load(1, 0);
    expect(v.pcpu(1)).toBe(0);
    v.put(1);
    expect(v.pcpu(1)).toBe(-1);
  });
});

describe('kvm_vcpu_block', () => {
  /** Posts an interrupt, then wakes whoever sleeps: the order every sender keeps. */
  function race(block: typeof kvmVcpuBlock, seed: number): string {
    const sender = protocolsOn<KvmWorld>().protocol('sender', { unused: u8 }, () => ({
      post: () => {
        m.chips[0]!.runnable = true;
      },
      wakeUp: (w) => void (w.kvms[0] as Kvm).vcpus.wakeUp(1),
    }));
    const m = fakeMachine({ extra: [sender], swap: new Map([[kvmVcpuBlock, block as never]]) });
    m.processes.spawn(kvmVcpuBlock, { vm: 0, vcpu: 1 });
    m.processes.spawn(sender);
    return run(m.processes, seed % 2 === 0 ? random(seed) : pct(seed, 3, 8)).end;
  }
  const ends = (block: typeof kvmVcpuBlock): Set<string> =>
    new Set(Array.from({ length: 60 }, (_, seed) => race(block, seed)));

  it('always runs after an interrupt', () => {
    expect(ends(kvmVcpuBlock)).toEqual(new Set(['quiet']));
  });

  it('mutant: looking before announcing sleeps for ever', () => {
    expect(ends(reorder(kvmVcpuBlock, 'look', 'announce'))).toContain('blocked');
  });

  it('does not sleep when asked not to, sleeps when nothing is there, and looks again after a wake-up', () => {
    const m = fakeMachine();
    const { vcpus: v } = m.kvms[0]!;
    v.request(0, REQ.UNBLOCK);
    m.processes.call(kvmVcpuBlock, { vm: 0, vcpu: 0 });
    expect(v.isBlocking(0)).toBe(false);
    const pid = m.processes.spawn(kvmVcpuBlock, { vm: 0, vcpu: 1 });
    expect(run(m.processes, random(1)).end).toBe('blocked');
    v.wakeUp(1);
    expect(run(m.processes, random(1)).end).toBe('blocked');
    v.request(1, REQ.UNBLOCK);
    v.wakeUp(1);
    expect([run(m.processes, random(1)).end, m.processes.isAlive(pid)]).toEqual(['quiet', false]);
  });
});
