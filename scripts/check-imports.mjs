// Who may import whom. Packages: cli → all; scenario, trace, testkit → irq-core; backends → irq-core only. Inside irq-core folders only look left.

import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { main, sources } from './sources.mjs';

const CORE = '@virq/irq-core';
/** Package folder → packages it may import beyond its declared third-party dependencies. */
const MAY = {
  'packages/irq-core': [],
  'packages/x86-avic': [CORE],
  'packages/checker': [CORE],
  'packages/ppc-xive': [CORE],
  'packages/arm-vgic': [CORE],
  'packages/x86-pci23': [CORE],
  'packages/bug-gallery': [
    CORE,
    '@virq/checker',
    '@virq/scenario',
    '@virq/x86-avic',
    '@virq/x86-pci23',
    '@virq/ppc-xive',
    '@virq/arm-vgic',
  ],
  'packages/trace': [CORE],
  'packages/scenario': [CORE],
  'packages/testkit': [CORE],
  'packages/conformance': [CORE],
  'apps/cli': [
    CORE,
    '@virq/x86-avic',
    '@virq/x86-pci23',
    '@virq/ppc-xive',
    '@virq/arm-vgic',
    '@virq/trace',
    '@virq/scenario',
    '@virq/checker',
    '@virq/bug-gallery',
    '@virq/conformance',
  ],
};
/** Packages that may use Node built-ins. */
const NODE = new Set(['apps/cli', 'packages/testkit', 'packages/conformance']);
/** Rooms of browser-safe packages that say "node only". */
const NODE_ROOMS = ['packages/checker/src/workers/'];
/** irq-core folders, lowest first; a folder may import those of a lower rank. */
const RANK = {
  'errors.ts': 0,
  arena: 1,
  events: 1,
  registers: 2,
  protocol: 2,
  kvm: 3,
  host: 3,
  bypass: 4,
  pci: 4,
  vfio: 5,
  'host-part.ts': 6,
  models: 7,
  machine: 7,
  'backend.ts': 8,
};
/** Type-only imports against the direction → the reason. */
const TYPE_EXCEPTIONS = {
  'host-part.ts → backend.ts': 'a part shows itself as a backend does: the type of a section',
  'host-part.ts → machine': 'a part has operations as a backend has: types of the vocabulary',
  'machine → backend.ts':
    "machine composes backends, and the contract names the machine's vocabulary: types both ways, no code",
};

function importsOf(file, text) {
  const found = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const add = (node, name, typeOnly) =>
    found.push({ name, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, typeOnly });
  const visit = (node) => {
    if (ts.isImportDeclaration(node))
      add(node, node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier.text, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [to] = node.arguments;
      if (to && ts.isStringLiteralLike(to)) add(node, to.text, false);
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal.text, true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Folder (or file) of irq-core that a relative import leads to. */
function roomOf(file) {
  return file.replace('packages/irq-core/src/', '').split('/')[0];
}

function coreViolation(file, target, typeOnly) {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === to) return null;
  const unranked = [from, to].find((room) => !Object.hasOwn(RANK, room));
  if (unranked !== undefined) return `say in scripts/check-imports.mjs what rank '${unranked}' has in irq-core`;
  if (RANK[to] < RANK[from]) return null;
  return typeOnly && Object.hasOwn(TYPE_EXCEPTIONS, `${from} → ${to}`) ? null : `${from} must not import ${to}`;
}

function violation(s, { name, typeOnly }) {
  if (name.startsWith('.')) {
    if (!name.endsWith('.ts') && !name.endsWith('.json')) return `relative import '${name}' must end in .ts`;
    const target = join(s.file, '..', name).split('\\').join('/');
    if (!target.startsWith(`${s.folder}/src/`)) return s.isTest ? null : `'${name}' leaves the package`;
    return s.folder === 'packages/irq-core' && !s.isTest ? coreViolation(s.file, target, typeOnly) : null;
  }
  if (s.isTest) return null;
  if (isBuiltin(name))
    return NODE.has(s.folder) || NODE_ROOMS.some((room) => s.file.startsWith(room))
      ? null
      : `'${name}' in a browser-safe package`;
  const pkg = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0];
  if (pkg === 'virq' || pkg.startsWith('@virq/'))
    return (MAY[s.folder] ?? []).includes(pkg) ? null : `${s.folder} must not import ${pkg}`;
  return null;
}

/** Violations below a root as `file:line: message`. */
export function checkImports(root) {
  const strangers = new Set();
  return sources(root).flatMap((s) => {
    if (!Object.hasOwn(MAY, s.folder)) {
      if (strangers.has(s.folder)) return [];
      strangers.add(s.folder);
      return [`${s.file}:1: say in scripts/check-imports.mjs what ${s.folder} may import`];
    }
    return importsOf(s.file, s.text).flatMap((i) => {
      const what = violation(s, i);
      return what === null ? [] : [`${s.file}:${i.line}: ${what}`];
    });
  });
}

main(checkImports, import.meta.url);
