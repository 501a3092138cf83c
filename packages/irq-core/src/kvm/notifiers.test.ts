// Ack and mask notifiers, and irq source ids.

import { describe, expect, it } from 'vitest';
import { EFAULT, ENOMEM } from '../errors.ts';
import { fakeMachine, toPin } from './__fixtures__/fake-vm.ts';
import { freeIrqSourceId, requestIrqSourceId, SOURCE } from './index.ts';

const KIND = 20;

function setUp() {
  const m = fakeMachine({ limits: { irqfds: 1 } });
  const kvm = m.kvms[0]!;
  const heard: string[] = [];
  kvm.notifiers.handle(KIND, (owner, masked) => void heard.push(`${owner}:${masked}`));
  kvm.setGsiRouting([toPin(5, 5), toPin(6, 5), toPin(8, 8)], 0);
  return { m, kvm, heard, hooks: m.chips[0]!.hooks };
}

describe('CORE-18 ack notifiers', () => {
  it('hear the EOI of the GSI that names the pin last, the newest first', () => {
    const { kvm, heard } = setUp();
    for (const [gsi, owner] of [
      [5, 1],
      [6, 2],
      [6, 3],
    ] as const)
      kvm.notifiers.register('ackNotifiers', gsi, KIND, owner);
    kvm.notifyAckedIrq(2, 5);
    kvm.notifyAckedIrq(2, 9);
    expect(heard).toEqual(['3:0', '2:0']);
    expect([kvm.hasAckNotifier(2, 5), kvm.hasAckNotifier(2, 8), kvm.hasAckNotifier(0, 5)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('one may leave while the list is walked', () => {
    const { kvm, heard } = setUp();
    const handles = [1, 2].map((owner) => kvm.notifiers.register('ackNotifiers', 6, KIND + 1, owner));
    kvm.notifiers.handle(KIND + 1, (owner) => {
      heard.push(String(owner));
      kvm.notifiers.unregister('ackNotifiers', handles[owner - 1] as number);
    });
    kvm.notifyAckedIrq(2, 5);
    kvm.notifyAckedIrq(2, 5);
    expect(heard).toEqual(['2', '1']);
  });

  it('changes of the list make the architecture rescan, those of mask notifiers do not', () => {
    const { kvm, hooks } = setUp();
    const ack = kvm.notifiers.register('ackNotifiers', 6, KIND, 1);
    const mask = kvm.notifiers.register('maskNotifiers', 6, KIND, 1);
    kvm.notifiers.unregister('ackNotifiers', ack);
    kvm.notifiers.unregister('maskNotifiers', mask);
    expect(hooks.ackNotifiersUpdated).toBe(2);
    expect(() => kvm.notifiers.unregister('ackNotifiers', ack)).toThrow(/is not on the list/);
  });

  it('ENOMEM when there is no room; a resampling irqfd then fails and leaves nothing', () => {
    const { m, kvm } = setUp();
    let last = 0;
    while (last >= 0) last = kvm.notifiers.register('ackNotifiers', 6, KIND, 1);
    expect(last).toBe(-ENOMEM);
    const [fd, resamplefd] = [m.eventfds.create(), m.eventfds.create()];
    expect(kvm.irqfd({ fd, gsi: 5, flags: 2, resamplefd })).toBe(-ENOMEM);
    expect([kvm.state.irqfds.count(), kvm.state.resamplers.count(), kvm.state.resamplerLock.holder]).toEqual([0, 0, 0]);
  });
});

describe('CORE-19 mask notifiers', () => {
  it('hear the new mask bit of their GSI', () => {
    const { kvm, heard } = setUp();
    kvm.notifiers.register('maskNotifiers', 8, KIND, 7);
    kvm.fireMaskNotifiers(2, 8, 1);
    kvm.fireMaskNotifiers(2, 8, 0);
    kvm.fireMaskNotifiers(2, 5, 1);
    kvm.fireMaskNotifiers(2, 23, 1);
    expect(heard).toEqual(['7:1', '7:0']);
  });
});

describe('CORE-07 source ids (≤ 6.16)', () => {
  it('are handed out from 2 to 63, then EFAULT; freeing clears the pins and nothing else', () => {
    const { m, kvm, hooks } = setUp();
    const ids = Array.from({ length: 62 }, () => requestIrqSourceId(kvm.state));
    expect([ids[0], ids.at(-1), requestIrqSourceId(kvm.state)]).toEqual([SOURCE.PIT, 63, -EFAULT]);
    kvm.setIrq(5, 8, 1, false);
    m.chips[0]!.calls.length = 0;
    freeIrqSourceId(kvm.state, 5, (id) => m.chips[0]!.arch.clearSource(id));
    expect([hooks.clearSource, m.chips[0]!.calls, requestIrqSourceId(kvm.state)]).toEqual([[5], [], 5]);
  });
});
