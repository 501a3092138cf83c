// A freed pool slot was dereferenced: thrown out of the step that did it.

import { slotOf } from '@virq/irq-core/arena';

/** Raised by the arena's stale handler while a model is checked. */
export class StaleAccess extends Error {
  constructor(pool: string, handle: number) {
    super(`${pool}: slot ${slotOf(handle)} was freed, and its old handle ${handle} is used`);
    this.name = 'StaleAccess';
  }
}
