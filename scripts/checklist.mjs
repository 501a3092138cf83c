// docs/checklist/*.json → docs/reference/checklist-*.md: each row with the tests that show it. With --check: nothing missing, page up to date.
//
// A test shows a row if its title, or that of a `describe` around it, names the row (`X86-08 EOI-exit bitmap`) or one of the row's
// vectors (`T13 a refused table leaves the old one`, `T99–T102 …`, `V-45 …`). In tables the title is the first string of a table row.
// Every list says in which packages its names count: two architectures number their rows alike.

import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { repository, sources } from './sources.mjs';

/** Rows whose tests are still to come; empty this list as they do. */
export const PENDING = new Set([]);

const ROW = /\b(?:CORE|X86|PCI|F)-\d{2}\b/g;
const VECTORS = /\b(T|V-)(\d{2,3})(?: ?[–…-] ?(?:T|V-)?(\d{2,3}))?\b/g;
const CALLS = new Set(['describe', 'it', 'test']);

/** Rows and vectors that a title names, ranges written out. */
export function idsOf(title) {
  const vectors = [...title.matchAll(VECTORS)].flatMap(([, letter, from, to]) =>
    Array.from(
      { length: Number(to ?? from) - Number(from) + 1 },
      (_, i) => `${letter}${String(Number(from) + i).padStart(2, '0')}`,
    ),
  );
  return [...(title.match(ROW) ?? []), ...vectors];
}

/** `it`, `describe.each(…)`, `it.skip`: the name called and its modifiers. */
function calleeOf(node) {
  const modifiers = [];
  let at = node.expression;
  while (!ts.isIdentifier(at)) {
    if (ts.isPropertyAccessExpression(at)) modifiers.push(at.name.text);
    if (!('expression' in at)) return undefined;
    at = at.expression;
  }
  return CALLS.has(at.text) ? { name: at.text, modifiers } : undefined;
}

/** The text of a title; what a template inserts is left out. */
function textOf(node) {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node)
    ? [node.head, ...node.templateSpans.map((span) => span.literal)].map((part) => part.text).join('…')
    : undefined;
}

/** The tests of a file: `{ file, title, ids }`; a skipped test is none. */
export function testsOf({ file, text }) {
  const found = [];
  const add = (titles) =>
    found.push({ file, title: titles.filter((t) => t !== '%s').join(' › '), ids: new Set(titles.flatMap(idsOf)) });

  function visit(node, titles) {
    if (ts.isCallExpression(node)) {
      const callee = calleeOf(node);
      const title = callee === undefined ? undefined : textOf(node.arguments[0]);
      if (title !== undefined) {
        if (callee.modifiers.some((m) => m === 'skip' || m === 'todo')) return;
        if (callee.name !== 'describe') add([...titles, title]);
        titles = [...titles, title];
      }
    }
    const first = ts.isArrayLiteralExpression(node) ? textOf(node.elements[0]) : undefined;
    if (first !== undefined && node.elements.length > 1 && idsOf(first).length > 0) add([...titles, first]);
    ts.forEachChild(node, (child) => visit(child, titles));
  }

  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true), []);
  return found;
}

const rowsOf = (list) => list.groups.flatMap((group) => group.rows);

/** What is wrong with a checklist, given all tests. `pending` rows are let off. */
export function violations(list, tests, pending = PENDING) {
  const shown = new Set(tests.flatMap((t) => [...t.ids]));
  const known = new Set(rowsOf(list).map((row) => row.id));
  const found = rowsOf(list).flatMap((row) => {
    if (pending.has(row.id)) return [];
    const missing = row.vectors.filter((v) => !shown.has(v)).map((v) => `${row.id}: no test is named ${v}`);
    const isShown = shown.has(row.id) || row.vectors.some((v) => shown.has(v));
    if (isShown && row.notModelled !== undefined) missing.push(`${row.id}: has tests and says it is not modelled`);
    if (isShown || (row.priority !== 'M' && row.notModelled !== undefined)) return missing;
    return [...missing, `${row.id}: no test, and ${row.priority === 'M' ? 'a must' : 'no reason is given'}`];
  });
  const strangers = [...shown].filter((id) => isRow(id) && !known.has(id));
  return [...found, ...strangers.map((id) => `${id}: named by a test, in no checklist`)];
}

const cell = (text) => text.replaceAll('|', '\\|');

function evidence(row, tests) {
  const ids = new Set([row.id, ...row.vectors]);
  const byFile = new Map();
  for (const { file, title } of tests.filter((t) => [...t.ids].some((id) => ids.has(id)))) {
    const name = file.replace(/^(?:packages|apps)\//, '').replace('/src/', '/');
    byFile.set(name, (byFile.get(name) ?? new Set()).add(cell(title)));
  }
  if (byFile.size > 0)
    return [...byFile].map(([name, titles]) => `\`${name}\`: ${[...titles].join(' · ')}`).join('<br>');
  return row.notModelled === undefined ? 'to come' : `not modelled: ${row.notModelled}`;
}

const isRow = (id) => id.includes('-') && !id.startsWith('V-');

/** The tests in which a list's names count. */
export const testsFor = (list, tests) =>
  tests.filter(({ file }) => list.packages.some((folder) => file.startsWith(`${folder}/`)));

/** The page of a checklist. */
export function page(list, tests) {
  const groups = list.groups.map(({ title, rows }) => {
    const lines = rows.map((row) => `| ${row.id} | ${row.priority} | ${cell(row.feature)} | ${evidence(row, tests)} |`);
    return [`## ${title}`, '', '| row | | feature | shown by |', '|---|---|---|---|', ...lines].join('\n');
  });
  const head = [
    `# ${list.title}`,
    '<!-- Generated by scripts/checklist.mjs from docs/checklist and the titles of the tests. -->',
    'M must, S should, C could. T and V numbers in titles are test vectors: most of them results of a real kernel or of QEMU.',
  ];
  return `${[...head, ...groups].join('\n\n')}\n`;
}

function main(check) {
  const tests = sources(repository)
    .filter((s) => s.isTest)
    .flatMap(testsOf);
  const folder = join(repository, 'docs/checklist');
  const lists = readdirSync(folder).map((name) => ({
    list: JSON.parse(readFileSync(join(folder, name), 'utf8')),
    out: `docs/reference/checklist-${name.replace('.json', '.md')}`,
  }));
  const found = lists.flatMap(({ list }) => violations(list, testsFor(list, tests)));
  mkdirSync(join(repository, 'docs/reference'), { recursive: true });
  for (const { list, out } of lists) {
    const text = page(list, testsFor(list, tests));
    if (!check) writeFileSync(join(repository, out), text);
    else if (!existsSync(join(repository, out)) || readFileSync(join(repository, out), 'utf8') !== text)
      found.push(`${out}: out of date: node scripts/checklist.mjs`);
  }
  for (const v of found) console.error(v);
  if (found.length > 0) process.exitCode = 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url)))
  main(process.argv.includes('--check'));
