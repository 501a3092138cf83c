// Built-in backends by name, and others by package name or path, resolved from the project directory.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { armVgic } from '@virq/arm-vgic';
import { type AnyBackend, type AnyHostPart, assertBackend } from '@virq/irq-core/backend';
import { VirqError } from '@virq/irq-core/errors';
import { ppcXive } from '@virq/ppc-xive';
import { suggest } from '@virq/scenario';
import { x86Avic } from '@virq/x86-avic';
import { legacyAssignment } from '@virq/x86-pci23';
import { configuredBackends } from './config.ts';
import { type Io, UsageError } from './io.ts';
import { importDefault } from './module.ts';

/** Backends that come with virq. */
export const BUILT_IN: readonly AnyBackend[] = [
  x86Avic as unknown as AnyBackend,
  ppcXive as unknown as AnyBackend,
  armVgic as unknown as AnyBackend,
];

/** Parts of the host that a scenario can name, beside those that the backends bring. */
export const PARTS: readonly AnyHostPart[] = [legacyAssignment as unknown as AnyHostPart];

const isPath = (name: string): boolean => name.startsWith('.') || name.startsWith('/');

function locate(name: string, io: Io): string {
  const require = createRequire(resolve(io.cwd, 'package.json'));
  try {
    return require.resolve(isPath(name) ? resolve(io.cwd, name) : name);
  } catch {
    const file = resolve(io.cwd, name);
    if (isPath(name) && existsSync(file)) return file;
    const names = BUILT_IN.map((b) => b.name);
    const hint = isPath(name)
      ? 'check the path'
      : `built in: ${suggest(name, names)}; install others with npm, or give a path that begins with ./`;
    throw new UsageError('VIRQ-B004', `backend '${name}' was not found`, hint);
  }
}

/** The contract is checked here, so that a wrong backend is refused before anything runs. */
function checked(value: unknown, from: string): AnyBackend {
  try {
    assertBackend(value, from);
    return value;
  } catch (error) {
    if (VirqError.isInstance(error)) throw new UsageError(error.code, error.message, error.hint);
    throw error;
  }
}

async function imported(name: string, io: Io): Promise<AnyBackend> {
  const value = await importDefault(locate(name, io), { code: 'VIRQ-B004', what: `backend '${name}'` });
  return checked(value, `the default export of '${name}'`);
}

/** Loads one backend: a built-in name, one that the configuration imports, a package name or a path. Throws UsageError with a sentence that says what to fix. */
export async function loadBackend(name: string, io: Io): Promise<AnyBackend> {
  const known = [...BUILT_IN, ...(await configured(io))].find((b) => b.name === name);
  return known ?? imported(name, io);
}

/** Built-in backends, those of virq.config.*, and those named with --backend. A later one of the same name replaces an earlier one. */
export async function loadBackends(names: readonly string[], io: Io): Promise<Map<string, AnyBackend>> {
  const given = await Promise.all(names.map((name) => loadBackend(name, io)));
  return new Map([...BUILT_IN, ...(await configured(io)), ...given].map((b) => [b.name, b]));
}

async function configured(io: Io): Promise<AnyBackend[]> {
  const entries = await configuredBackends(io);
  return Promise.all(
    entries.map((entry, i) =>
      typeof entry === 'string' ? imported(entry, io) : checked(entry, `virq.config: backends[${i}]`),
    ),
  );
}
