// INIT, SIPI, NMI and KVM_SET_MP_STATE.

import { describe, expect, it } from 'vitest';
import { vm } from './__fixtures__/bench.ts';

const observing = (options = {}) => vm({ vcpus: 2, observe: ['lapic', 'mp', 'events'], ...options });
type Vm = ReturnType<typeof vm>;
const mp = (m: Vm): number[] => (m.state as unknown as { mp: number[] }).mp;
const pending = (m: Vm, vcpu: number) => (m.state as unknown as { events: Record<string, number>[] }).events[vcpu];
const ipi = (m: Vm, dest: number, low: number): void => {
  m.op({ op: 'mmio_write', addr: 0xfee00310, value: dest << 24 });
  m.op({ op: 'mmio_write', addr: 0xfee00300, value: low });
};
const INIT = 0x4500;
const INIT_DEASSERT = 0x8500;
const SIPI = 0x4607;

describe('X86-20 INIT and SIPI', () => {
  it('wait until the vCPU enters; INIT resets the LAPIC but neither base nor id, a SIPI starts it', () => {
    const m = observing();
    m.op({ op: 'mmio_write', addr: 0xfee00020, value: 0x05000000, vcpu: 1 });
    m.msi(0xfee05000, 0x41);
    ipi(m, 5, INIT);
    expect([pending(m, 1)?.['init'], m.state.lapic[1]?.irr]).toEqual([1, [0x41]]);
    m.op({ op: 'sync' });
    expect([mp(m), m.state.lapic[1]?.irr, m.state.lapic[1]?.['spiv'], m.state.lapic[1]?.['id']]).toEqual([
      [0, 2],
      [],
      '0xff',
      '0x5000000',
    ]);
    ipi(m, 5, SIPI);
    expect(pending(m, 1)).toMatchObject({ sipi: 1, sipi_vector: 7 });
    m.op({ op: 'sync' });
    expect([mp(m), pending(m, 1)?.['sipi']]).toEqual([[0, 0], 0]);
  });

  it('INIT drops the NMIs that wait', () => {
    const m = observing();
    m.op({ op: 'nmi', vcpu: 1 });
    ipi(m, 1, INIT);
    m.op({ op: 'sync' });
    expect(pending(m, 1)?.['nmi']).toBe(0);
  });

  it('the boot CPU goes on after INIT', () => {
    const m = observing();
    m.msi(0xfee00000, 0x541);
    m.op({ op: 'sync' });
    expect([mp(m), m.state.lapic[0]?.['lvt0']]).toEqual([[0, 0], '0x700']);
  });

  it('a SIPI that nobody waits for is dropped; INIT drops an earlier SIPI; the de-assert does nothing', () => {
    const m = observing();
    ipi(m, 1, SIPI);
    m.op({ op: 'sync' });
    expect([mp(m), pending(m, 1)?.['sipi']]).toEqual([[0, 0], 0]);
    ipi(m, 1, SIPI);
    ipi(m, 1, INIT);
    m.op({ op: 'sync' });
    expect(mp(m)).toEqual([0, 2]);
    ipi(m, 1, INIT_DEASSERT);
    expect(pending(m, 1)?.['init']).toBe(0);
  });
});

describe('X86-20 KVM_SET_MP_STATE', () => {
  it('SIPI_RECEIVED becomes INIT_RECEIVED with a SIPI pending', () => {
    const m = observing();
    m.op({ op: 'set_mp_state', vcpu: 1, state: 4 });
    expect([mp(m), pending(m, 1)?.['sipi']]).toEqual([[0, 2], 1]);
    m.op({ op: 'sync' });
    expect(mp(m)).toEqual([0, 0]);
  });

  it('without a LAPIC only RUNNABLE; states of other architectures never', () => {
    const m = vm({ irqchip: 'none' });
    expect([0, 3].map((state) => m.ret({ op: 'set_mp_state', state }))).toEqual([0, 'EINVAL']);
    expect([5, 7, 10].map((state) => vm().ret({ op: 'set_mp_state', state }))).toEqual(['EINVAL', 'EINVAL', 'EINVAL']);
  });
});

it('X86-20 two NMIs at most', () => {
  const m = observing();
  for (let i = 0; i < 3; i++) m.op({ op: 'nmi' });
  expect(pending(m, 0)?.['nmi']).toBe(2);
});
