// API reports: the declarations of every public entry point, committed under etc/, so that a changed API shows in review.
// `node scripts/api-report.mjs` writes them, `--check` fails when they are not current. Needs a build.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { repository as root } from './sources.mjs';

const check = process.argv.includes('--check');

/** Public names of an entry with their declarations, sorted. */
function report(program, file) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const symbol = source && checker.getSymbolAtLocation(source);
  if (!symbol) return '';
  const lines = checker.getExportsOfModule(symbol).map((exported) => {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const texts = (target.declarations ?? []).map((d) => {
      const node = ts.isVariableDeclaration(d) ? d.parent.parent : d;
      return node
        .getText()
        .replace(/^export (declare )?/, '')
        .replace(/\s+/g, ' ')
        .slice(0, 2000);
    });
    return `${exported.name}: ${[...new Set(texts)].join(' | ')}`;
  });
  return lines
    .sort()
    .map((line) => `- ${line}\n`)
    .join('');
}

const stale = [];
for (const group of ['packages', 'apps']) {
  for (const name of readdirSync(join(root, group))) {
    const dir = join(root, group, name);
    if (!existsSync(join(dir, 'package.json'))) continue;
    const pkg = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    const entries = Object.entries(pkg.exports ?? {}).filter(([, e]) => typeof e === 'object' && e.types);
    const files = entries.map(([, e]) => join(dir, e.types));
    const program = ts.createProgram(files, {
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      types: [],
      skipLibCheck: true,
    });
    for (const [i, [path]] of entries.entries()) {
      const out = join(
        root,
        'etc',
        `${pkg.name.replace('@', '').replace('/', '-')}${path.slice(1).replace('/', '.')}.api.md`,
      );
      const text = `# ${pkg.name}${path.slice(1)}\n\n${report(program, files[i])}`;
      if (check && (!existsSync(out) || readFileSync(out, 'utf8') !== text)) stale.push(relative(root, out));
      if (!check) {
        mkdirSync(dirname(out), { recursive: true });
        writeFileSync(out, text);
      }
    }
  }
}
if (stale.length > 0) {
  console.error(`the public API changed; run \`node scripts/api-report.mjs\` and commit:\n  ${stale.join('\n  ')}`);
  process.exit(1);
}
