// virq exec: the reference model over JSON Lines.

import { createInterface } from 'node:readline';
import type { AnyBackend } from '@virq/irq-core/backend';
import { KERNEL_VERSIONS, type KernelVersion } from '@virq/irq-core/kvm';
import { createExec } from '@virq/irq-core/machine';
import { loadBackend } from '../backends.ts';
import { readText } from '../input.ts';
import { EXIT, type Io, print, UsageError } from '../io.ts';

/** Options of the verb. */
export interface ExecOptions {
  readonly backend: string;
  readonly kernel?: string;
  readonly implementation?: string;
  readonly file?: string;
}

function operations(text: string, path: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (error) {
    throw new UsageError(
      'VIRQ-X001',
      `${path} is not JSON: ${(error as Error).message}`,
      'an .ops.json file is one JSON array of operations',
    );
  }
  throw new UsageError('VIRQ-X001', `${path} is no JSON array of operations`);
}

/** The side of a backend that models an implementation; `kvm` is the backend itself. */
function sideOf(backend: AnyBackend, name = 'kvm'): AnyBackend {
  const others = backend.implementations ?? {};
  const side = name === 'kvm' ? backend : Object.hasOwn(others, name) ? others[name] : undefined;
  if (side !== undefined) return side;
  const known = ['kvm', ...Object.keys(others)].join(', ');
  throw new UsageError('VIRQ-C001', `--implementation takes ${known} for ${backend.name}, not '${name}'`);
}

/** The verb. Ends with 0 at the end of input, whatever the operations returned. */
export async function exec(options: ExecOptions, io: Io): Promise<number> {
  const { kernel = KERNEL_VERSIONS[0] as string } = options;
  if (!(KERNEL_VERSIONS as readonly string[]).includes(kernel))
    throw new UsageError('VIRQ-C001', `--kernel takes ${KERNEL_VERSIONS.join(', ')}, not '${kernel}'`);
  const session = createExec({
    backend: sideOf(await loadBackend(options.backend, io), options.implementation),
    kernel: kernel as KernelVersion,
  });
  const answer = (result: unknown): Promise<void> => print(io, `${JSON.stringify(result)}\n`);
  if (options.file !== undefined) {
    for (const op of operations(await readText(options.file, io), options.file)) await answer(session.request(op));
    return EXIT.OK;
  }
  for await (const line of createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') await answer(session.line(line));
  }
  return EXIT.OK;
}
