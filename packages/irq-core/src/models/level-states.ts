// Two sources on one GSI: each keeps its own bit, the pin is their OR. Linux: virt/kvm/irq_comm.c __kvm_irq_line_state, 2012.

import { bitmap, struct, u1, u8, type View } from '../arena/index.ts';
import { defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

const Gsi = struct('gsi', { chip: lock, sources: bitmap(4), pin: u1 });

/** One level-triggered GSI. */
export interface LevelStates {
  readonly gsi: View<typeof Gsi>;
}

const { protocol } = protocolsOn<LevelStates>();
const { always, quiescent, sometimes } = propertiesOn<LevelStates>();

/** kvm_set_irq of one source: keep its level, compute the OR, drive the pin; all under the chip's lock. */
export const setLevel = protocol('kvm_set_irq level', { source: u8, level: u1, or: u1 }, (p) => ({
  ...p.locked('chip', (m) => m.gsi.chip, {
    keepLevel: (m, f) => m.gsi.sources.put(f.source, f.level),
    combine(m, f) {
      f.or = m.gsi.sources.isEmpty() ? 0 : 1;
    },
    drivePin(m, f) {
      m.gsi.pin = f.or;
    },
  }),
}));

/** Sources that raise and lower one GSI. */
export const levelStates = defineFamily({
  name: 'level-states',
  summary: 'several sources drive one level-triggered GSI; the pin is their OR',
  scope: { raising: { says: 'sources that raise', default: 1, min: 1, max: 2 } },
  build: ({ raising }) =>
    defineModel({
      name: 'level-states',
      layout: { gsi: Gsi },
      processes: 1 + raising,
      protocols: [setLevel],
      machine: ({ gsi }): LevelStates => ({ gsi }),
      start({ gsi }, spawn) {
        gsi.sources.add(0);
        gsi.pin = 1;
        spawn(setLevel, { source: 0, level: 0 });
        for (let source = 1; source <= raising; source++) spawn(setLevel, { source, level: 1 });
      },
      properties: [
        quiescent('the pin is the OR of its sources', (m) => (m.gsi.pin === 1) === !m.gsi.sources.isEmpty(), {
          consequence: 'a device asserts its line, the pin stays low, and the guest never hears of it',
        }),
        sometimes('the pin is low', (m) => m.gsi.pin === 0),
        always('only declared sources are kept', (m) => m.gsi.sources.highest() <= raising),
      ],
    }),
});
