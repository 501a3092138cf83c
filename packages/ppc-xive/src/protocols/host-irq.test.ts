// Taking a device's interrupt from the host's Linux and giving it back: PQ, saved_p, stale_p. Linux: arch/powerpc/sysdev/xive/common.c xive_irq_set_vcpu_affinity, xive_irq_eoi.

import { describe, expect, it } from 'vitest';
import { openPower } from '../__fixtures__/power-vm.ts';
import { giveToHost, takeFromHost } from './host-irq.ts';

/** The device's first vector is the host's, requested by VFIO. */
function open() {
  const t = openPower();
  t.op('vfio_msix', { device: 'nic', name: 'v' });
  const { machine } = t.session;
  const irq = t.chip.host.irq(0);
  const source = t.device();
  const run = (protocol: object): number => {
    // Run by themselves, for the machine knows them only as parts of others.
    const { steps, labels } = protocol as unknown as typeof takeFromHost;
    const f = { irq: 0, ret: 0 };
    for (let pc = 0; pc < steps.length; ) {
      const to = steps[pc]?.(machine as never, f as never, 1, 0);
      pc = typeof to === 'string' ? labels.indexOf(to) : pc + 1;
    }
    return f.ret;
  };
  const seen = () => [source.pq, irq.savedP, irq.staleP, irq.forwarded];
  return { t, irq, source, run, seen };
}

describe('forwarded to a guest', () => {
  it.each([
    ['idle', { pq: 0 }, {}, [2, 0, 1, 1]],
    ['pending on the host: it is to be sent again', { pq: 2 }, {}, [3, 1, 0, 1]],
    ['pending and one more', { pq: 3 }, {}, [3, 1, 0, 1]],
    ['P that is stale is no event', { pq: 2 }, { staleP: 1 }, [2, 0, 1, 1]],
    ['without a target nothing is sent again', { pq: 2 }, { hasTarget: 0 }, [2, 1, 0, 1]],
  ])('F-44: %s', (_name, pq, irq, expected) => {
    const o = open();
    Object.assign(o.source, pq);
    Object.assign(o.irq, irq);
    o.run(takeFromHost);
    expect(o.seen()).toEqual(expected);
  });

  it('F-44: an EOI of the host does not touch the source meanwhile', () => {
    const o = open();
    o.t.chip.host.xive.sources.trigger(0);
    o.run(takeFromHost);
    expect(o.seen()).toEqual([3, 1, 0, 1]);
    o.t.session.machine.settle();
    expect(o.seen()).toEqual([3, 0, 1, 1]);
  });
});

describe('given back', () => {
  it.each([
    ['masked, nothing came: enabled', { pq: 2 }, {}, [0, 0, 0], 0],
    ['masked, one came: the host gets it', { pq: 3 }, {}, [2, 0, 0], 1],
    ['the host still owes an EOI: left for that', { pq: 3 }, { savedP: 1 }, [3, 1, 0], 0],
    ['nobody there wants it: off', { pq: 2 }, { hasTarget: 0 }, [1, 1, 0], 0],
  ])('F-44: %s', (_name, pq, irq, expected, queued) => {
    const o = open();
    o.run(takeFromHost);
    Object.assign(o.source, pq);
    Object.assign(o.irq, { savedP: 0, staleP: 0 }, irq);
    expect(o.run(giveToHost)).toBe(0);
    expect([o.seen().slice(0, 3), o.irq.queued, o.irq.forwarded]).toEqual([expected, queued, 0]);
  });

  it('F-44: the host’s VP is gone from the firmware: ENXIO, and the source is as it was', () => {
    const o = open();
    o.run(takeFromHost);
    Object.assign(o.t.chip.host.opal.irqs, { configure: () => -1 });
    expect([o.run(giveToHost), o.source.pq, o.irq.forwarded]).toEqual([6, 2, 0]);
  });
});
