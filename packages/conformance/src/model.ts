// The model as an oracle, so that both sides of a comparison look alike.

import type { AnyBackend } from '@virq/irq-core/backend';
import { VirqError } from '@virq/irq-core/errors';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { createExec, type Json } from '@virq/irq-core/machine';
import type { Instance, Oracle, OracleResult } from './oracle.ts';

/** Creates an oracle over a backend. */
export function createModelOracle(backend: AnyBackend, kernel: KernelVersion): Oracle {
  function start(): Instance {
    const exec = createExec({ backend, kernel });
    return {
      apply(op) {
        const { ret, errno, out, state, error } = exec.request(op) as Readonly<Record<string, Json>>;
        if (error !== undefined) {
          const { code, message } = error as { code: string; message: string };
          throw new VirqError(code, `${op.op}: ${message}`);
        }
        const shown = { ret, errno, state } as unknown as OracleResult;
        return out === undefined ? shown : { ...shown, out: out as Readonly<Record<string, Json>> };
      },
      settle: () => exec.session()?.observe() ?? {},
      stop: () => undefined,
    };
  }
  return {
    name: 'model',
    operations: new Set(),
    available: async () => null,
    provenance: async () => ({ implementation: 'model', version: kernel, details: { backend: backend.name } }),
    start,
  };
}
