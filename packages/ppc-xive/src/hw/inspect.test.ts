// The dense lines of `virq inspect`, letter by letter.

import { expect, it } from 'vitest';
import { hardware } from './__fixtures__/hardware.ts';
import { xiveInspect } from './inspect.ts';
import { SOURCE_KIND } from './layout.ts';
import { W2_HARDWARE, W2_VALID } from './presenter.ts';

const shown = (h: ReturnType<typeof hardware>): Record<string, readonly string[]> =>
  Object.fromEntries(xiveInspect(h).map(({ title, lines }) => [title.split(' ')[0], lines]));

it('hardware at reset shows nothing', () => {
  expect(Object.values(shown(hardware())).flat()).toEqual([]);
});

it('P Q A, v q n b e u s, queue, escalation, backlog, context', () => {
  const h = hardware();
  for (const i of [0, 1, 2, 3]) h.source(i).kind = SOURCE_KIND.IPI;
  h.connect(0, 6, 1);
  Object.assign(h.end(10), { escalate: 1, ese: 0b10, escIndex: 20, escData: 0x55 });
  h.trigger(0);
  h.trigger(0);
  Object.assign(h.source(1), { lsi: 1, pq: 0b10, asserted: 1 });
  Object.assign(h.setEas(2, 0x1f, 0x7fffffff), { masked: 1, pq: 0b00 });
  h.setEnd(11, {
    enqueue: 0,
    notify: 0,
    backlog: 0,
    esn: 0b11,
    silent: 1,
    unconditional: 1,
    priority: 7,
    nvtIndex: 0x85,
  });
  Object.assign(h.nvt(4), { valid: 1, ipb: 0x82, endIndex: 0x20 });
  expect(shown(h)).toEqual({
    Sources: [
      '00000000 MSI PQ    end:00/000a data:00000123',
      '00000001 LSI P-A no EAS',
      '00000002 MSI --  M end:00/001f data:7fffffff',
    ],
    ENDs: [
      '0000000a -Q vqnbe-- prio:6 nvt:00/0003 eq:@100a0000 1/1024 ^1 [ 00000000 00000000 00000000 00000000 80000123 ^00000000 ]',
      '0000000b PQ v----us prio:7 nvt:00/0085',
    ],
    Escalations: ['0000000a P- end:00/0014 data:00000055'],
    NVTs: ['00000003 end:00/0000 IPB:00', '00000004 end:00/0020 IPB:82'],
    TIMA: [
      '      QW   NSR CPPR IPB LSMFB ACK# INC AGE PIPR W2',
      '   1: OS   80  ff   02  ff    ff   00  ff  06   80000003',
    ],
  });
});

it('a context that POWER10 keeps says where it is', () => {
  const h = hardware({ generation: 2 });
  Object.assign(h.nvt(3), { valid: 1, saveRestore: 1, cppr: 0xff });
  expect(shown(h)['NVTs']).toEqual(['00000003 end:00/0000 IPB:00 CPPR:ff']);
  h.tima.pushOs(1, (W2_VALID | W2_HARDWARE | 3) >>> 0);
  expect(shown(h)['NVTs']).toEqual(['00000003 end:00/0000 IPB:00 CPPR:00 CO:0001']);
});
