// The source files the rule checks look at, and how they report.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SKIP = new Set(['node_modules', 'dist', '__fixtures__', '.turbo']);

function walk(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (SKIP.has(name)) return [];
    return statSync(path).isDirectory() ? walk(path) : path.endsWith('.ts') ? [path] : [];
  });
}

/** Source files of packages and apps below a root: path relative to it with `/`, package folder, text. */
export function sources(root) {
  return ['packages', 'apps']
    .flatMap((group) => walk(join(root, group)))
    .flatMap((path) => {
      const file = relative(root, path).split(sep).join('/');
      const [group, name, src] = file.split('/');
      return src === 'src'
        ? [
            {
              file,
              path,
              folder: `${group}/${name}`,
              isTest: file.endsWith('.test.ts'),
              text: readFileSync(path, 'utf8'),
            },
          ]
        : [];
    });
}

/** Prints violations and ends with exit code 1 if there are any; the root is the first argument or the repository. */
export function main(check) {
  const root = process.argv[2] ?? new URL('..', import.meta.url).pathname;
  const violations = check(root);
  for (const v of violations) console.error(v);
  if (violations.length > 0) process.exit(1);
}
