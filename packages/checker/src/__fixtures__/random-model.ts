// Small random models: a few processes over shared fields, locks and locals. Same seed, same model.

import { array, bits } from '@virq/irq-core/arena';
import {
  BLOCKED,
  DONE,
  defineModel,
  type Lock,
  lock,
  type Model,
  type Protocol,
  propertiesOn,
  protocolsOn,
  type Random,
  type Step,
  seeded,
} from '@virq/irq-core/protocol';

const FIELDS = 4;
const LOCKS = 2;
const Local = { x: bits(2), y: bits(2) };

interface World {
  readonly shared: { get(i: number): number; set(i: number, v: number): void };
  readonly locks: { at(i: number): Lock };
}
interface Frame {
  x: number;
  y: number;
}
type Steps = Record<string, Step<World, Frame>>;

const { protocol } = protocolsOn<World>();
const { always, never, quiescent, sometimes } = propertiesOn<World>();

/** One step that touches shared fields and locals. */
function access(r: Random): Step<World, Frame> {
  const [i, j, c] = [r.below(FIELDS), r.below(FIELDS), r.below(4)];
  const kinds: Step<World, Frame>[] = [
    (m) => m.shared.set(i, c),
    (m, f) => {
      f.x = m.shared.get(i);
    },
    (m, f) => m.shared.set(i, f.x),
    (m) => m.shared.set(i, (m.shared.get(i) + 1) & 3),
    (m, f) => {
      if (m.shared.get(i) === c) f.y = m.shared.get(j);
    },
    (m) => (m.shared.get(i) <= c ? undefined : BLOCKED),
    (_m, f) => {
      f.x = (f.y + c) & 3;
    },
    (m, f) => m.shared.set((i + f.y) % FIELDS, f.x),
  ];
  return kinds[r.below(kinds.length)] as Step<World, Frame>;
}

function randomProtocol(r: Random, name: string): Protocol<World, typeof Local> {
  return protocol(name, Local, (p) => {
    const steps: Steps = {};
    const parts = 1 + r.below(3);
    for (let part = 0; part < parts; part++) {
      const body: Steps = {};
      for (let k = 1 + r.below(3); k > 0; k--) body[`p${part}s${k}`] = access(r);
      const which = r.below(LOCKS);
      const guarded = r.below(3) > 0;
      if (guarded)
        Object.assign(
          steps,
          p.locked(`l${part}`, (m) => m.locks.at(which), body),
        );
      else Object.assign(steps, body);
      if (r.below(4) === 0) {
        const i = r.below(FIELDS);
        steps[`c${part}`] = p.choose(2, (m, _f, _self, choice) => void (choice === 1 && m.shared.set(i, 3)));
      }
    }
    const [again, left] = [Object.keys(steps)[0] as string, r.below(3)];
    if (left === 0)
      steps['again'] = (_m, f) => {
        if (f.y === 0) return DONE;
        f.y--;
        return again;
      };
    return steps as never;
  });
}

/** A model of 2 or 3 processes with a handful of properties, some of which do not hold. */
export function randomModel(seed: number): Model {
  const r = seeded(seed);
  const protocols = Array.from({ length: 2 + r.below(2) }, (_, i) => randomProtocol(r, `p${i}`));
  const [a, b, c, d] = [r.below(FIELDS), r.below(FIELDS), r.below(4), r.below(4)];
  return defineModel({
    name: `random ${seed}`,
    layout: { shared: array(bits(2), FIELDS), locks: array(lock, LOCKS) },
    processes: protocols.length,
    protocols,
    machine: ({ shared, locks }): World => ({ shared, locks }),
    start(m, spawn) {
      m.shared.set(a, d);
      for (const p of protocols) spawn(p, { x: r.below(4) & 0, y: 1 });
    },
    properties: [
      always('one field or the other', (m) => m.shared.get(a) !== c || m.shared.get(b) === c),
      never('both at the top', (m) => m.shared.get(a) === 3 && m.shared.get(b) === 3 && a !== b),
      quiescent('ends low', (m) => m.shared.get(b) <= d),
      sometimes('a field is two', (m, i) => m.shared.get(i) === 2, { over: FIELDS }),
    ],
  });
}
