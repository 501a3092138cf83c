// Names and anatomy: no catch-all files, kebab case, a first line that says what a file is, doc comments on exports, the rooms of a backend.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { main, sources } from './sources.mjs';

const FORBIDDEN = new Set(['utils.ts', 'helpers.ts', 'common.ts', 'types.ts', 'misc.ts']);
/** What every backend has, as a file or a folder. */
const ROOMS = ['index.ts', 'layout', 'vocabulary', 'inspect', 'regs'];

function undocumented(s) {
  const source = ts.createSourceFile(s.file, s.text, ts.ScriptTarget.ES2022, true);
  return source.statements.flatMap((node) => {
    const exported =
      ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
    const kind = ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node);
    if (!exported || !kind || ts.getJSDocCommentsAndTags(node).length > 0) return [];
    return [
      `${s.file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: export '${node.name?.text}' has no doc comment`,
    ];
  });
}

function checkFile(s) {
  const name = s.file.split('/').at(-1);
  const found = [];
  if (FORBIDDEN.has(name)) found.push(`${s.file}:1: '${name}' says nothing about what is in it`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)) found.push(`${s.file}:1: '${name}' is not kebab-case`);
  if (s.isTest) return found;
  const first = s.text.startsWith('#!') ? s.text.split('\n')[1] : s.text.split('\n')[0];
  if (!first.startsWith('// ')) found.push(`${s.file}:1: the first line does not say what this file is`);
  return [...found, ...undocumented(s)];
}

/** `export default x`, `export default function …` or `export { x as default }`. */
function hasDefaultExport(path) {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  return statements.some(
    (node) =>
      ts.isExportAssignment(node) ||
      (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)) ||
      (ts.isExportDeclaration(node) &&
        node.exportClause !== undefined &&
        ts.isNamedExports(node.exportClause) &&
        node.exportClause.elements.some((e) => e.name.text === 'default')),
  );
}

function checkBackend(root, folder) {
  const dir = join(root, folder);
  const { keywords = [] } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  if (!keywords.includes('virq-backend')) return [];
  const missing = ROOMS.filter((room) => ![room, `${room}.ts`].some((f) => existsSync(join(dir, 'src', f))));
  const found = missing.map((room) => `${folder}/package.json:1: a backend has '${room}' in src`);
  if (!existsSync(join(dir, 'README.md'))) found.push(`${folder}/package.json:1: a backend has a README.md`);
  const index = join(dir, 'src/index.ts');
  if (existsSync(index) && !hasDefaultExport(index))
    found.push(`${folder}/src/index.ts:1: a backend is the default export`);
  return found;
}

/** Violations below a root as `file:line: message`. */
export function checkNames(root) {
  const folders = existsSync(join(root, 'packages'))
    ? readdirSync(join(root, 'packages')).map((n) => `packages/${n}`)
    : [];
  const backends = folders
    .filter((f) => existsSync(join(root, f, 'package.json')))
    .flatMap((f) => checkBackend(root, f));
  return [...sources(root).flatMap(checkFile), ...backends];
}

main(checkNames, import.meta.url);
