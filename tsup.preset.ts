// How every package is built: ESM only, one file per public entry, declarations by `tsc -b` afterwards.

import { defineConfig } from 'tsup';

/** tsup configuration for the given entry points, e.g. `build({ index: 'src/index.ts' })`. */
export const build = (entry: Record<string, string>, platform: 'neutral' | 'node' = 'neutral') =>
  defineConfig({
    entry,
    format: 'esm',
    target: 'es2022',
    platform,
    dts: false,
    clean: true,
    splitting: true,
    sourcemap: true,
  });
