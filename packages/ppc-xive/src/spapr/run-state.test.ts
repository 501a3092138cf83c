// The VM stops and goes on. QEMU: hw/intc/spapr_xive_kvm.c kvmppc_xive_change_state_handler.

import { describe, expect, it } from 'vitest';
import { fakeMachine } from './__fixtures__/machine.ts';
import { resume, stop } from './run-state.ts';

const MSI = 0x1300;

/** A machine that stops with a PQ, has another one when it goes on, and what that did. */
function cycle(atStop: number, fires: boolean) {
  const m = fakeMachine();
  m.irqs.claim(MSI, false);
  m.kvm.pq.set(MSI, atStop);
  m.kvm.calls.length = 0;
  stop(m.context);
  const stopped = m.kvm.pq.get(MSI);
  const saved = m.tables.irq(MSI)?.pq;
  const last = m.kvm.calls.at(-1);
  if (fires && stopped === 2) m.kvm.pq.set(MSI, 3);
  m.kvm.calls.length = 0;
  resume(m.context);
  const triggers = m.kvm.calls.filter((c) => c.startsWith(`store ${MSI}`)).length;
  return { stopped, saved, last, pq: m.kvm.pq.get(MSI), triggers };
}

describe('F-58 stop and resume', () => {
  it.each([
    // PQ at the stop, while it stands, PQ after resume, triggers; the device fires meanwhile
    ['V-74 00, fired', 0, true, 2, 0, 1],
    ['00', 0, false, 2, 0, 0],
    ['10, fired', 2, true, 2, 2, 0],
    ['10', 2, false, 2, 2, 0],
    ['11, fired', 3, true, 2, 3, 0],
    ['01, fired', 1, true, 1, 1, 0],
  ])('F-58 %s', (_says, atStop, fires, stands, pq, triggers) => {
    const c = cycle(atStop, fires);
    expect([c.stopped, c.saved, c.pq, c.triggers]).toEqual([stands, atStop, pq, triggers]);
  });

  it('F-30 F-58 queues are synchronised after the last source is held', () =>
    expect(cycle(0, false).last).toBe('eq_sync'));

  it('a second stop, and a resume of a VM that runs, do nothing', () => {
    const m = fakeMachine();
    m.kvm.calls.length = 0;
    resume(m.context);
    expect(m.kvm.calls).toEqual([]);
    stop(m.context);
    m.kvm.calls.length = 0;
    expect([stop(m.context), m.kvm.calls]).toEqual([0, []]);
  });

  it('in XICS mode QEMU does nothing to sources', () => {
    const m = fakeMachine('XICS');
    m.irqs.claim(MSI, false);
    m.kvm.calls.length = 0;
    stop(m.context);
    resume(m.context);
    expect([m.kvm.calls, m.events.filter((e) => e.startsWith('vm_state'))]).toEqual([[], ['vm_state 0', 'vm_state 1']]);
  });
});
