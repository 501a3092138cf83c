// Operations in one go wait for whoever is inside of the locks that they would spin for.

import { findOperation } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { vgicFlushLrState } from '../lists/flush.ts';

const STORE = { addr: 0x8000204n, value: 0x100n, size: 4, cpu: 1 };
const STORE_ACTIVE = { ...STORE, addr: 0x8000304n };

/** vCPU 0 is on its way in, step by step, with 41 on its list. */
function flushing() {
  const t = openArm({ vm: { cpus: 2, nr_irqs: 64 } });
  t.chip.state.dist.enabled = 1;
  for (const intid of [40, 41]) Object.assign(t.irq(intid), { enabled: 1, priority: 0xa0, target: 1 });
  t.op('irq_line', { irq: 41 });
  const { processes } = t.session.machine;
  const pid = processes.spawn(vgicFlushLrState as never, { vm: 0, vcpu: 0 } as never);
  const busy = (op: string, args: object): boolean => findOperation(t.session, op)?.isBusy(args as never) === true;
  const seen = () => ({
    store: busy('guest_store', STORE),
    active: busy('guest_store', STORE_ACTIVE),
    unlisted: busy('irq_line', { irq: 40, type: 'spi' }),
    listed: busy('irq_line', { irq: 41, type: 'spi' }),
    ppi: busy('irq_line', { irq: 27, type: 'ppi' }),
    run: busy('vcpu_run', { cpu: 1 }),
  });
  return { t, processes, pid, seen };
}

describe('an operation in one go', () => {
  it('waits for the list that it would change; an input on a list already, for its own lock alone', () => {
    const { processes, pid, seen, t } = flushing();
    const none = { store: false, active: false, unlisted: false, listed: false, ppi: false, run: false };
    const list = { ...none, store: true, unlisted: true, ppi: true };
    expect(seen()).toEqual(none);
    const during = new Set<string>();
    while (processes.isAlive(pid)) {
      processes.step(pid);
      during.add(JSON.stringify(seen()));
    }
    expect(during).toEqual(new Set([none, list, { ...list, listed: true }].map((s) => JSON.stringify(s))));
    expect(t.chip.state.interfaces.at(0).used).toBe(1);
  });
});
