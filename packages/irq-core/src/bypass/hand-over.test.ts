// An architecture that hands interrupts over itself instead of by an IRTE: what it is asked, what a refusal means, and that an irqfd waits. Linux: book3s_hv.c kvmppc_irq_bypass_add_producer_hv.

import { describe, expect, it } from 'vitest';
import { createArena, u8, u16 } from '../arena/index.ts';
import { EAGAIN } from '../errors.ts';
import { fakeMachine } from '../kvm/__fixtures__/fake-vm.ts';
import type { KvmArch, KvmWorld } from '../kvm/index.ts';
import { BLOCKED, protocolsOn, run, straight } from '../protocol/index.ts';
import { BYPASS_PROTOCOLS, bypassLayout, createBypass } from './index.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** The path of the architecture: it takes its time until the test lets it go on. */
const gate = { open: true };
const handOver = protocol('hand over', { vm: u8, irqfd: u16 }, () => ({
  wait: () => (gate.open ? undefined : BLOCKED),
  done(m, f) {
    (m.kvms[f.vm] as KvmWorld['kvms'][number]).state.irqfds.at(f.irqfd).irteBusy = 0;
  },
}));

function setUp(answer = 0, asProcess = false) {
  gate.open = true;
  const m = fakeMachine({ extra: [...BYPASS_PROTOCOLS, handOver] as never });
  const kvm = m.kvms[0]!;
  const calls: string[] = [];
  const start = (what: string, irqfd: number, hostIrq: number): number => {
    calls.push(`${what} ${kvm.state.irqfds.at(irqfd).gsi} ${hostIrq}`);
    if (answer !== 0) return answer;
    kvm.state.irqfds.at(irqfd).irteBusy = 1;
    m.processes.spawn(handOver, { vm: 0, irqfd });
    return 0;
  };
  const own: KvmArch = {
    ...m.chips[0]!.arch,
    setGsi: () => 0,
    addProducer(gsi, hostIrq) {
      calls.push(`add ${gsi} ${hostIrq}`);
      return answer;
    },
    delProducer: (gsi, hostIrq) => void calls.push(`del ${gsi} ${hostIrq}`),
    ...(asProcess && {
      startAddProducer: (irqfd, hostIrq) => start('start add', irqfd, hostIrq),
      startDelProducer: (irqfd, hostIrq) => void start('start del', irqfd, hostIrq),
    }),
  };
  kvm.bindArch(own);
  const bypass = createBypass({ state: createArena(bypassLayout(4)).root, world: m.world, kernel: '6.18' });
  Object.assign(m.world, { bypass });
  kvm.bindBypass(bypass);
  const fd = m.eventfds.create();
  const args = { fd, gsi: 0x1300, resamplefd: 0 };
  return { m, kvm, bypass, fd, args, calls: () => calls.splice(0), irqfd: () => kvm.state.irqfds.slot(0) };
}

describe('an architecture that hands interrupts over itself', () => {
  it('is asked with the GSI and the host irq, whichever side comes first or leaves first', () => {
    const a = setUp();
    const p = a.bypass.registerProducer(a.fd, 33, 0);
    a.kvm.irqfd({ ...a.args, flags: 0 });
    expect([a.calls(), a.irqfd().producer, a.irqfd().hostIrq]).toEqual([['add 4864 33'], p, 33]);
    a.kvm.irqfd({ ...a.args, flags: 1 });
    expect(a.calls()).toEqual(['del 4864 33']);

    const b = setUp();
    b.kvm.irqfd({ ...b.args, flags: 0 });
    const q = b.bypass.registerProducer(b.fd, 34, 0);
    b.bypass.unregisterProducer(q);
    expect([b.calls(), b.irqfd().producer]).toEqual([['add 4864 34', 'del 4864 34'], 0]);
  });

  it.each([-EAGAIN, 1])('an answer of %i leaves the two unconnected, and the irqfd as it is', (answer) => {
    const { kvm, bypass, fd, args, calls, irqfd } = setUp(answer);
    const p = bypass.registerProducer(fd, 33, 0);
    expect([kvm.irqfd({ ...args, flags: 0 }), irqfd().producer, bypass.peerOf(p)]).toEqual([0, 0, null]);
    kvm.irqfd({ ...args, flags: 1 });
    expect(calls()).toEqual(['add 4864 33']);
  });

  it('a producer that is not taken has no handle', () => {
    const { kvm, bypass, fd, args } = setUp(1);
    kvm.irqfd({ ...args, flags: 0 });
    expect(bypass.registerProducer(fd, 33, 0)).toBe(0);
  });

  it('as processes: KVM_IRQFD returns when they are done, on both ways', () => {
    const { m, kvm, bypass, fd, args, calls, irqfd } = setUp(0, true);
    bypass.registerProducer(fd, 33, 0);
    for (const [flags, call] of [
      [0, 'start add 4864 33'],
      [1, 'start del 4864 33'],
    ] as const) {
      gate.open = false;
      const pid = kvm.startIrqfd({ ...args, flags });
      run(m.processes, straight());
      expect([calls(), irqfd().irteBusy, m.processes.isAlive(pid)]).toEqual([[call], 1, true]);
      gate.open = true;
      expect([run(m.processes, straight()).end, m.processes.isAlive(pid)]).toEqual(['quiet', false]);
    }
    expect(kvm.state.irqfds.count()).toBe(0);
  });

  it('as processes: a producer that comes or goes does not wait for them, it calls', () => {
    const { kvm, bypass, fd, args, calls } = setUp(0, true);
    kvm.irqfd({ ...args, flags: 0 });
    bypass.unregisterProducer(bypass.registerProducer(fd, 33, 0));
    expect(calls()).toEqual(['add 4864 33', 'del 4864 33']);
  });
});
