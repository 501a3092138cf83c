import { it } from 'vitest';
import { trace } from './__trace.ts';
import { chipOf, guestSource } from './machine.ts';
import { xiveVectors } from './xive-vectors.ts';

it('t', () => {
  trace(xiveVectors, { order: 0, cycles: 1 }, [], 'what the device has to say is heard', (m) => {
    const s = guestSource(m);
    const x = m.parts.power.xive.sources;
    const h = m.parts.power.irq(0);
    return {
      hw: x.at(0).pq,
      ipi: x.at(s.ipi - 1).pq,
      pt: s.ptNumber,
      oldP: s.oldP,
      oldQ: s.oldQ,
      fw: h.forwarded,
      sp: h.savedP,
      st: h.staleP,
      hq: h.queued,
      pend: m.pci.state.functions.at(0).pending,
    };
  });
});
