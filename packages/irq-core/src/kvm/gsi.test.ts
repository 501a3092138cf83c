// An architecture without routing tables: each GSI is its own route, and irqfds inject in the writer's context. Linux: arch/powerpc/kvm/book3s.c kvm_irq_map_gsi.

import { describe, expect, it } from 'vitest';
import { EINVAL, ENOTTY } from '../errors.ts';
import { run, straight } from '../protocol/index.ts';
import { fakeMachine, toMsi } from './__fixtures__/fake-vm.ts';
import { IRQFD_FLAG, type Kvm, type KvmArch } from './index.ts';

function setUp(answer = 0) {
  const m = fakeMachine({ vms: 1 });
  const [kvm] = m.kvms as [Kvm];
  const calls: string[] = [];
  const own: KvmArch = {
    ...m.chips[0]!.arch,
    setGsi(gsi, source, level) {
      calls.push(`${gsi} ${source}:${level}`);
      return answer;
    },
  };
  kvm.bindArch(own);
  const assign = (gsi: number, flags = 0): number => {
    const fd = m.eventfds.create();
    expect(kvm.irqfd({ fd, gsi, flags, resamplefd: flags === 0 ? 0 : m.eventfds.create() })).toBe(0);
    return fd;
  };
  return { m, kvm, calls, assign };
}

describe('an architecture that maps GSIs itself', () => {
  it('has no routing table: ENOTTY', () => {
    const { kvm } = setUp();
    expect([kvm.setGsiRouting([], 0), kvm.setGsiRouting([toMsi(30, 0x50)], 0)]).toEqual([-ENOTTY, -ENOTTY]);
  });

  it('injects every GSI, above 65535 too, and returns what it says', () => {
    const { kvm, calls } = setUp(-EINVAL);
    expect([kvm.setIrq(0, 0xfffff, 1, false), calls]).toEqual([-EINVAL, ['1048575 0:1']]);
  });

  it.each([0, IRQFD_FLAG.RESAMPLE])(
    'an irqfd with flags %i: level 1 in the context of the writer, no work, no level 0',
    (flags) => {
      const { m, calls, assign } = setUp();
      m.eventfds.write(assign(0x1300, flags));
      expect([calls, m.processes.next(0)]).toEqual([['4864 0:1'], -1]);
    },
  );

  it('an irqfd on an eventfd that has a count already: the work raises and lowers', () => {
    const { m, kvm, calls } = setUp();
    const fd = m.eventfds.create();
    m.eventfds.write(fd, 3);
    kvm.irqfd({ fd, gsi: 7, flags: 0, resamplefd: 0 });
    expect(run(m.processes, straight()).end).toBe('quiet');
    expect(calls).toEqual(['7 0:1', '7 0:0']);
  });
});
