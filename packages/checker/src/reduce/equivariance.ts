// A declared symmetry is checked on every observed step: the image of the step must be a step of the image. A wrong one is an error, not a verdict.

import { ModelError } from '@virq/irq-core/errors';
import type { Learner } from '../learn/learner.ts';
import type { Leaf } from '../learn/tree.ts';
import type { Permutation } from './symmetry.ts';

/** The step that was observed. */
interface Step {
  readonly pid: number;
  readonly choice: number;
  readonly choices: number;
  /** `protocol: label`, for the message. */
  readonly label: string;
}

/** Images tried per observation: enough to catch a wrong declaration, few enough to stay cheap. */
const TRIED = 2;

function apply(state: Uint16Array, { writes }: Leaf): void {
  for (let i = 0; i < writes.length; i += 2) state[writes[i] as number] = writes[i + 1] as number;
}

/** Image of a state. */
function imageOf({ symbols }: Learner, p: Permutation, state: Uint16Array): Uint16Array {
  const image = new Uint16Array(state.length);
  for (let atom = 0; atom < state.length; atom++) {
    const to = p.atom(atom);
    image[to] = symbols.of(to, p.value(atom, symbols.value(atom, state[atom] as number)));
  }
  return image;
}

const equal = (a: Uint16Array, b: Uint16Array): boolean => a.every((s, i) => s === b[i]);

/** Throws ModelError if the image of a step is no step of the image of the state. The state under consideration stays as it is. */
export function checkEquivariance(learner: Learner, images: readonly Permutation[], step: Step, leaf: Leaf): void {
  const { state } = learner;
  const before = state.slice();
  const after = before.slice();
  apply(after, leaf);
  for (const p of images.slice(0, TRIED)) {
    const [from, to] = [imageOf(learner, p, before), imageOf(learner, p, after)];
    const pid = p.pid(step.pid);
    const found = Array.from({ length: step.choices }, (_, choice) => choice).some((choice) => {
      state.set(from);
      const seen = learner.step(pid, choice).leaf;
      apply(state, seen);
      return seen.ending === leaf.ending && (leaf.ending !== 'moved' || equal(state, to));
    });
    state.set(before);
    if (found) continue;
    throw new ModelError(
      `symmetry ${p.of}: the step at ${step.label} of process ${step.pid} has no counterpart in process ${pid}`,
      {
        hint: 'name every field and local that holds an instance; reset idle ones to a value that is no instance; do not scan instances in order',
      },
    );
  }
}
