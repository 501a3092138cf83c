// The source files the rule checks look at, and how they report.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, wherever it lies: a path with spaces or behind a symbolic link must not turn a check off. */
export const repository = fileURLToPath(new URL('..', import.meta.url));

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

/**
 * Runs a check when its module (`url`) is the program that was started: prints violations, exit code 1 if there are any.
 * The root is the first argument or the repository. A root without sources is a violation: it would pass every check.
 */
export function main(check, url) {
  if (process.argv[1] === undefined || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(url))) return;
  const root = process.argv[2] ?? repository;
  const violations = sources(root).length === 0 ? [`${root}: no sources below packages/ or apps/`] : check(root);
  for (const v of violations) console.error(v);
  if (violations.length > 0) process.exitCode = 1;
}
