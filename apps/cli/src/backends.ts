// Built-in backends by name, and others by package name or path, resolved from the project directory.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyBackend, assertBackend } from '@virq/irq-core/backend';
import { VirqError } from '@virq/irq-core/errors';
import { x86Avic } from '@virq/x86-avic';
import { type Io, UsageError } from './io.ts';

/** Backends that come with virq. */
export const BUILT_IN: readonly AnyBackend[] = [x86Avic as unknown as AnyBackend];

const isPath = (name: string): boolean => name.startsWith('.') || name.startsWith('/');

function locate(name: string, io: Io): string {
  const require = createRequire(resolve(io.cwd, 'package.json'));
  try {
    return require.resolve(isPath(name) ? resolve(io.cwd, name) : name);
  } catch {
    const file = resolve(io.cwd, name);
    if (isPath(name) && existsSync(file)) return file;
    const hint = isPath(name)
      ? 'check the path'
      : `built-in are ${BUILT_IN.map((b) => b.name).join(', ')}; install others with npm, or give a path that begins with ./`;
    throw new UsageError('VIRQ-B004', `backend '${name}' was not found`, hint);
  }
}

/** Loads one backend by name. Throws UsageError with a sentence that says what to fix. */
export async function loadBackend(name: string, io: Io): Promise<AnyBackend> {
  const builtIn = BUILT_IN.find((b) => b.name === name);
  if (builtIn !== undefined) return builtIn;
  const file = locate(name, io);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UsageError(
      'VIRQ-B004',
      `backend '${name}' cannot be loaded: ${why}`,
      'the module throws when it is imported; fix it there',
    );
  }
  try {
    assertBackend(module.default, `the default export of '${name}'`);
    return module.default;
  } catch (error) {
    if (VirqError.isInstance(error)) throw new UsageError(error.code, error.message, error.hint);
    throw error;
  }
}

/** Built-in backends and those named with --backend. */
export async function loadBackends(names: readonly string[], io: Io): Promise<Map<string, AnyBackend>> {
  const loaded = await Promise.all([...(await configured(io)), ...names].map((name) => loadBackend(name, io)));
  return new Map([...BUILT_IN, ...loaded].map((b) => [b.name, b]));
}

/** `backends` of virq.config.mjs or virq.config.js in the project directory: names or paths. */
async function configured(io: Io): Promise<string[]> {
  const file = ['virq.config.mjs', 'virq.config.js'].map((f) => resolve(io.cwd, f)).find((f) => existsSync(f));
  if (file === undefined) return [];
  const module = (await import(pathToFileURL(file).href)) as { default?: { backends?: unknown } };
  const names = module.default?.backends;
  if (!Array.isArray(names) || names.some((n) => typeof n !== 'string'))
    throw new UsageError('VIRQ-C001', `${file}: the default export needs 'backends', a list of package names or paths`);
  return names as string[];
}
