// A family of models just large enough for `model:`: processes that each count once, under a lock in the correct variant.

import { u1, u8 } from '@virq/irq-core/arena';
import { defineFamily, defineModel, type Edits, lock, omit, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import type { Families } from '../concurrent/families.ts';

interface Counter {
  readonly s: { readonly guard: { holder: number }; total: number; dirty: number };
}

const { quiescent, sometimes } = propertiesOn<Counter>();

const count = protocolsOn<Counter>().protocol('count', { seen: u8 }, (p) => ({
  ...p.locked('guard', (m) => m.s.guard as never, {
    read(m, f) {
      f.seen = m.s.total;
    },
    write(m, f) {
      m.s.total = f.seen + 1;
    },
  }),
}));

const family = defineFamily({
  name: 'counter',
  summary: 'processes that count',
  scope: { counters: { says: 'processes', default: 2, min: 1, max: 3 } },
  build: ({ counters }) =>
    defineModel({
      name: 'counter',
      layout: { guard: lock, total: u8, dirty: u1 },
      processes: counters,
      protocols: [count],
      machine: (s): Counter => ({ s: s as never }),
      start(_m, spawn) {
        for (let i = 0; i < counters; i++) spawn(count, {});
      },
      properties: [
        quiescent('everybody was counted', (m) => m.s.total === counters),
        sometimes('the counter moves', (m) => m.s.total > 0),
      ],
    }),
});

/** The fixture by its name, with the variant that forgets the lock. */
export const families: Families = new Map([
  [
    family.name,
    { ...family, variants: { 'no-lock': [[count, omit(count, 'lock guard', 'unlock guard')]] as unknown as Edits } },
  ],
]);
