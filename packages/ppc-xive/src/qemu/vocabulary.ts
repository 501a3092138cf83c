// Words of a powernv machine under qtest, as its vectors are recorded.

import type { Vocabulary } from '@virq/irq-core/machine';
import { int } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import { ESB_OPERATIONS } from './esb-operations.ts';
import { BACKENDS, THREADS } from './machine.ts';
import { POWERNV_OBSERVE } from './observe.ts';
import { TABLE_OPERATIONS } from './table-operations.ts';
import { TIMA_OPERATIONS } from './tima-operations.ts';
import { WORD_OPERATIONS } from './word-operations.ts';

/** The vocabulary. */
export const powernvVocabulary: Vocabulary<PowernvChip> = {
  start: { op: 'start', vcpus: 'cpus' },
  vm: {
    backend: { type: 'enum', values: BACKENDS, default: 'xive9', doc: 'POWER9 or POWER10' },
    cpus: int('threads that run', { min: THREADS, max: THREADS, default: THREADS }),
    store_eoi: { type: 'bool', default: true, doc: 'sources end by a store as well; those of POWER10 always do' },
  },
  operations: { ...TABLE_OPERATIONS, ...WORD_OPERATIONS, ...ESB_OPERATIONS, ...TIMA_OPERATIONS },
  observe: POWERNV_OBSERVE,
  observeDefault: ['pq', 'end', 'tima'],
};
