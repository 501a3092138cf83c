// Hypercalls of the exploitation mode: parameters and return codes as tables, and QEMU's words. QEMU: hw/intc/spapr_xive.c; LoPAPR.

import { ENXIO } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { fakeMachine } from './__fixtures__/machine.ts';
import { H, H_NAMES, HCALL, type HcallName } from './codes.ts';

const ALL_ONES = (1n << 64n) - 1n;
const EQ = 0x12340000;

/** A machine with an MSI at 0x1300 and an LSI at 0x1200. */
function setUp() {
  const m = fakeMachine();
  expect([m.irqs.claim(0x1300, false), m.irqs.claim(0x1200, true)]).toEqual([0, 0]);
  m.kvm.calls.length = 0;
  return m;
}

const word = (m: ReturnType<typeof setUp>, server: number, priority: number): string[] =>
  Array.from({ length: 8 }, (_, i) =>
    m.tables
      .end(server * 8 + priority)
      .w.get(i)
      .toString(16)
      .padStart(8, '0'),
  );

describe('F-56 H_INT_*: what is wrong with the parameters', () => {
  type Row = readonly [string, HcallName, readonly (number | bigint)[], keyof typeof H];
  const rows: readonly Row[] = [
    ['V-68 reserved flags', 'H_INT_GET_SOURCE_INFO', [1, 0x1300], 'PARAMETER'],
    ['V-68 beyond the LISNs', 'H_INT_GET_SOURCE_INFO', [0, 0x2000], 'P2'],
    ['V-68 a LISN nobody claimed', 'H_INT_GET_SOURCE_INFO', [0, 0x1301], 'P2'],
    ['V-68 a LISN of 64 bits', 'H_INT_GET_SOURCE_INFO', [0, 0x100001300n], 'P2'],
    ['V-69 flags 4', 'H_INT_SET_SOURCE_CONFIG', [4, 0x1300, 0, 6, 1], 'PARAMETER'],
    ['V-69 lisn 0x2000', 'H_INT_SET_SOURCE_CONFIG', [2, 0x2000, 0, 6, 1], 'P2'],
    ['V-69 priority 7', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 0, 7, 1], 'P4'],
    ['V-69 target 99', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 99, 6, 1], 'P3'],
    ['V-69 priority FF', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 99, 0xff, 1], 'SUCCESS'],
    ['priority before target', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 99, 7, 1], 'P4'],
    ['priority 0x1FF is cut to 0xFF and is no reset', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 0, 0x1ff, 1], 'P4'],
    ['priority 0x106 is cut to 6', 'H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 0, 0x106, 1], 'SUCCESS'],
    ['reserved flags', 'H_INT_GET_SOURCE_CONFIG', [1, 0x1300], 'PARAMETER'],
    ['no such LISN', 'H_INT_GET_SOURCE_CONFIG', [0, 0x1301], 'P2'],
    ['reserved flags', 'H_INT_GET_QUEUE_INFO', [1, 0, 6], 'PARAMETER'],
    ['priority 7', 'H_INT_GET_QUEUE_INFO', [0, 0, 7], 'P3'],
    ['target 99', 'H_INT_GET_QUEUE_INFO', [0, 99, 6], 'P2'],
    ['priority before target', 'H_INT_GET_QUEUE_INFO', [0, 99, 7], 'P3'],
    ['reserved flags', 'H_INT_SET_QUEUE_CONFIG', [2, 0, 6, EQ, 16], 'PARAMETER'],
    ['V-70 size 13', 'H_INT_SET_QUEUE_CONFIG', [1, 0, 6, EQ, 13], 'P5'],
    ['V-70 16 misaligned', 'H_INT_SET_QUEUE_CONFIG', [1, 0, 6, EQ + 0x8000, 16], 'P4'],
    ['V-70 priority 7', 'H_INT_SET_QUEUE_CONFIG', [1, 0, 7, EQ, 16], 'P3'],
    ['V-70 target 99', 'H_INT_SET_QUEUE_CONFIG', [1, 99, 6, EQ, 16], 'P2'],
    ['size before alignment', 'H_INT_SET_QUEUE_CONFIG', [1, 0, 6, EQ + 1, 13], 'P5'],
    ['a queue beyond memory', 'H_INT_SET_QUEUE_CONFIG', [1, 0, 6, 2 ** 30, 16], 'P4'],
    ['size 0 asks for no page', 'H_INT_SET_QUEUE_CONFIG', [0, 0, 6, 0x123, 0], 'SUCCESS'],
    ['reserved flags', 'H_INT_GET_QUEUE_CONFIG', [2, 0, 6], 'PARAMETER'],
    ['priority 7', 'H_INT_GET_QUEUE_CONFIG', [0, 0, 7], 'P3'],
    ['target 99', 'H_INT_GET_QUEUE_CONFIG', [0, 99, 6], 'P2'],
    ['not in QEMU', 'H_INT_SET_OS_REPORTING_LINE', [0, 0x1000], 'FUNCTION'],
    ['not in QEMU', 'H_INT_GET_OS_REPORTING_LINE', [5, 0], 'FUNCTION'],
    ['reserved flags', 'H_INT_ESB', [2, 0x1200, 0, 0], 'PARAMETER'],
    ['no such LISN', 'H_INT_ESB', [0, 0x1201, 0, 0], 'P2'],
    ['V-71 F-57 offset 0x20000', 'H_INT_ESB', [0, 0x1200, 0x20000, 0], 'SUCCESS'],
    ['V-71 F-57 offset 0x20001', 'H_INT_ESB', [0, 0x1200, 0x20001, 0], 'P3'],
    ['reserved flags', 'H_INT_SYNC', [1, 0x1300], 'PARAMETER'],
    ['no such LISN', 'H_INT_SYNC', [0, 0x1301], 'P2'],
    ['reserved flags', 'H_INT_RESET', [1], 'PARAMETER'],
    ['everything right', 'H_INT_RESET', [0], 'SUCCESS'],
  ];
  it.each(rows)('F-56 %s: %s', (_says, name, args, rc) => {
    expect(H_NAMES.get(setUp().call(name, ...args).rc)).toBe(`H_${rc}`);
  });

  const calls = Object.keys(HCALL).filter((name) => name.startsWith('H_INT_')) as HcallName[];
  it.each(calls)('F-56 %s without negotiation of XIVE: H_FUNCTION', (name) => {
    const m = setUp();
    m.state.cas = 0;
    expect(m.call(name, 0, 0x1300).rc).toBe(H.FUNCTION);
  });

  it.each([
    ['H_INT_SET_SOURCE_CONFIG', [2, 0x1300, 0, 6, 1], 'config'],
    ['H_INT_SET_QUEUE_CONFIG', [1, 0, 6, EQ, 16], 'queue'],
    ['H_INT_SYNC', [0, 0x1300], 'sync'],
    ['H_INT_RESET', [0], 'reset'],
  ] as const)('F-56 %s: what KVM refuses is H_HARDWARE, and the tables stay', (name, args, call) => {
    const m = setUp();
    m.kvm.errors[call] = -ENXIO;
    const before = [m.tables.irq(0x1300)?.eas, word(m, 0, 6)];
    expect(m.call(name, ...args).rc).toBe(H.HARDWARE);
    expect([m.tables.irq(0x1300)?.eas, word(m, 0, 6)]).toEqual(before);
  });
});

describe('F-56 H_INT_*: what they answer and leave behind', () => {
  it('V-68 GET_SOURCE_INFO of an MSI: both pages, page shift 16', () => {
    expect(setUp().call('H_INT_GET_SOURCE_INFO', 0, 0x1300)).toEqual({
      rc: 0,
      out: [0n, 0x6010026010000n, 0x6010026000000n, 16n],
    });
  });

  it('V-68 F-57 GET_SOURCE_INFO of an LSI: flags 0xC, no pages', () => {
    expect(setUp().call('H_INT_GET_SOURCE_INFO', 0, 0x1200)).toEqual({ rc: 0, out: [0xcn, ALL_ONES, ALL_ONES, 16n] });
  });

  it('V-14 EAS of server 5, priority 6, EISN 0x123', () => {
    const m = setUp();
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 6, 0x123);
    expect(m.tables.irq(0x1300)?.eas).toBe(0x8000002e00000123n);
    expect(m.kvm.calls).toEqual(['config 4864 {"server":5,"priority":6,"masked":false,"eisn":291}']);
  });

  it('V-15 V-69 priority 0xFF: EAS valid and masked, and KVM is not told', () => {
    const m = setUp();
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 6, 0x123);
    m.kvm.calls.length = 0;
    expect(m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 0xff, 0x123).rc).toBe(0);
    expect([m.tables.irq(0x1300)?.eas, m.kvm.calls]).toEqual([0x8000000080000000n, []]);
  });

  it('without SET_EISN the EISN stays, with MASK the EAS is masked', () => {
    const m = setUp();
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 6, 0x123);
    m.call('H_INT_SET_SOURCE_CONFIG', 1, 0x1300, 4, 5, 0x777);
    expect(m.tables.irq(0x1300)?.eas).toBe(0x8000002580000123n);
  });

  it('GET_SOURCE_CONFIG: target, priority and EISN of a queue that is there; else a target that is none', () => {
    const m = setUp();
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 6, 0x123);
    expect(m.call('H_INT_GET_SOURCE_CONFIG', 0, 0x1300).out).toEqual([0xfffffc00n, 0n, 0x123n]);
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    expect(m.call('H_INT_GET_SOURCE_CONFIG', 0, 0x1300).out).toEqual([5n, 6n, 0x123n]);
    m.call('H_INT_SET_SOURCE_CONFIG', 1, 0x1300, 5, 6, 0);
    expect(m.call('H_INT_GET_SOURCE_CONFIG', 0, 0x1300).out).toEqual([5n, 0xffn, 0x123n]);
  });

  it('V-16 SET_QUEUE_CONFIG of server 5, priority 6: the words of the END', () => {
    const m = setUp();
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    const words = ['e0040000', '00400000', '00000000', '12340000', '00000000', '00000000', '00000405', '00060000'];
    expect(word(m, 5, 6)).toEqual(words);
    expect(m.kvm.calls).toEqual(['queue 5 6 {"flags":1,"qshift":16,"qaddr":"0x12340000","qtoggle":1,"qindex":0}']);
  });

  it('V-20 size 0 resets the END: all zero but both ESBs off', () => {
    const m = setUp();
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    m.call('H_INT_SET_QUEUE_CONFIG', 0, 5, 6, 0, 0);
    expect(word(m, 5, 6)).toEqual(['00000000', '50000000', ...Array(6).fill('00000000')]);
    expect(m.kvm.calls[1]).toBe('queue 5 6 {"flags":0,"qshift":0,"qaddr":"0x0","qtoggle":0,"qindex":0}');
  });

  it('GET_QUEUE_INFO: page of the END, and the size of the queue', () => {
    const m = setUp();
    expect(m.call('H_INT_GET_QUEUE_INFO', 0, 5, 6).out).toEqual([0x60100405c0000n, 0n]);
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    expect(m.call('H_INT_GET_QUEUE_INFO', 0, 5, 6).out).toEqual([0x60100405c0000n, 16n]);
  });

  it('V-17 GET_QUEUE_CONFIG takes the position from KVM; with Debug it says generation and index', () => {
    const m = setUp();
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    m.kvm.position = { toggle: 1, index: 1 };
    expect(m.call('H_INT_GET_QUEUE_CONFIG', 0, 5, 6).out).toEqual([1n, BigInt(EQ), 16n, 0n]);
    expect(word(m, 5, 6)[1]).toBe('00400001');
    expect(m.call('H_INT_GET_QUEUE_CONFIG', 1, 5, 6).out).toEqual([1n | (1n << 62n), BigInt(EQ), 16n, 1n]);
  });

  it('GET_QUEUE_CONFIG of a queue that was never set fails an assertion of QEMU: the VM is gone', () => {
    const m = setUp();
    m.call('H_INT_GET_QUEUE_CONFIG', 0, 5, 6);
    expect([m.state.dead, m.events.filter((e) => e.startsWith('qemu_abort')).length]).toEqual([1, 1]);
  });

  it('H_INT_RESET resets KVM alone: QEMU goes on with its tables', () => {
    const m = setUp();
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 5, 6, 0x123);
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 5, 6, EQ, 16);
    m.kvm.calls.length = 0;
    m.call('H_INT_RESET', 0);
    expect(m.kvm.calls).toEqual(['reset']);
    expect([m.tables.irq(0x1300)?.eas, word(m, 5, 6)[0]]).toEqual([0x8000002e00000123n, 'e0040000']);
  });
});

describe('F-57 H_INT_ESB', () => {
  it('a load returns PQ, a store all ones', () => {
    const m = setUp();
    m.kvm.pq.set(0x1300, 2);
    expect(m.call('H_INT_ESB', 0, 0x1300, 0x800, 0).out).toEqual([2n]);
    expect(m.call('H_INT_ESB', 1, 0x1300, 0, 7).out).toEqual([ALL_ONES]);
    expect(m.kvm.calls).toEqual(['load 4864 "0x800"', 'store 4864 "0x0"']);
  });

  it.each([
    [0, ['load 4608 "0xc00"']],
    [1, ['load 4608 "0xc00"', 'store 4608 "0x0"']],
  ])(
    'F-02 F-57 the EOI of an LSI, asserted %i: SET_PQ_00, a trigger while the line is high, and it returns 0',
    (asserted, calls) => {
      const m = setUp();
      Object.assign(m.tables.irq(0x1200) as object, { asserted });
      m.kvm.pq.set(0x1200, 3);
      expect([m.call('H_INT_ESB', 0, 0x1200, 0, 0).out, m.kvm.calls]).toEqual([[0n], calls]);
    },
  );
});
