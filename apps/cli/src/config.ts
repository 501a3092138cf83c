// virq.config.*: what a project wants loaded, by explicit import. Looked for in the working directory only.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Io, UsageError } from './io.ts';
import { importDefault } from './module.ts';

/** What `export default` of virq.config.mjs holds. */
export interface Config {
  /** Backends: imported objects made by defineBackend(), package names, or paths that begin with `./`. */
  readonly backends?: readonly unknown[];
}

const NAMES = ['virq.config.mjs', 'virq.config.js', 'virq.config.mts', 'virq.config.ts'];

/** Checks a configuration at compile time; returns it unchanged. */
export const defineConfig = (config: Config): Config => config;

const CODE = 'VIRQ-C004';
const EXAMPLE = "export default { backends: [myBackend, './other.mjs'] }";

/** Backends that the project's configuration lists; none without one. Throws UsageError when the file is wrong. */
export async function configuredBackends(io: Io): Promise<readonly unknown[]> {
  const name = NAMES.find((n) => existsSync(resolve(io.cwd, n)));
  if (name === undefined) return [];
  const config = await importDefault(resolve(io.cwd, name), { code: CODE, what: name });
  if (typeof config !== 'object' || config === null)
    throw new UsageError(CODE, `${name} has no default export`, EXAMPLE);
  const stray = Object.keys(config).find((key) => key !== 'backends');
  if (stray !== undefined) throw new UsageError(CODE, `${name}: '${stray}' is no setting`, EXAMPLE);
  const { backends = [] } = config as Config;
  if (!Array.isArray(backends)) throw new UsageError(CODE, `${name}: 'backends' is no list`, EXAMPLE);
  return backends;
}
