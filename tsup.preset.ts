// How every package is built: ESM only, one file per public entry, declarations by `tsc -b` afterwards.

import { defineConfig, type Options } from 'tsup';

/**
 * esbuild makes `var` of constants at the top of a file when it bundles. The engine takes a `var` for something that may change, and loads and checks it at every use: a quarter of the
 * time of an interrupt on Arm. Constants of numbers, which are in capitals, get their `const` back. What replaces is as long as what was there, so that source maps stay right.
 */
const constants: NonNullable<Options['plugins']>[number] = {
  name: 'constants',
  renderChunk: (code, { map = null }) => ({ code: code.replace(/^var ([A-Z][A-Z0-9_]*) = /gm, 'const $1='), map }),
};

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
    plugins: [constants],
  });
