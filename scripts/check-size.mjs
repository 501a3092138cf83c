// Sizes: file ≤ 400 lines, function ≤ 60, parameters ≤ 4, protocol step ≤ 12 lines. Tests and files marked `@table` are exempt;
// of a function that makes an object of functions (create…) only its own statements count, not the functions inside.

import ts from 'typescript';
import { main, sources } from './sources.mjs';

const FILE = 400;
const FUNCTION = 60;
const PARAMETERS = 4;
const STEP = 12;

const isFunction = (n) => ts.isFunctionLike(n) && n.body !== undefined;

/** Lines of a node, without those of the functions directly inside it. */
function ownLines(node, source) {
  const lines = (n) =>
    source.getLineAndCharacterOfPosition(n.getEnd()).line - source.getLineAndCharacterOfPosition(n.getStart()).line + 1;
  let inner = 0;
  const visit = (child) => {
    if (isFunction(child)) inner += Math.max(0, lines(child) - 1);
    else ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return lines(node) - inner;
}

const isProtocolCall = (n) =>
  ts.isCallExpression(n) &&
  (ts.isPropertyAccessExpression(n.expression) ? n.expression.name : n.expression).getText() === 'protocol';

/** A step is a named function among the steps of a protocol: `step(m) {…}` or `step: (m) => …`. */
function isStep(node) {
  if (!ts.isMethodDeclaration(node) && !ts.isPropertyAssignment(node.parent)) return false;
  for (let n = node.parent; n; n = n.parent) if (isProtocolCall(n)) return true;
  return false;
}

function checkFile(s) {
  const found = [];
  const lines = s.text.split('\n').length - 1;
  if (lines > FILE) found.push(`${s.file}:1: ${lines} lines, at most ${FILE}`);
  const source = ts.createSourceFile(s.file, s.text, ts.ScriptTarget.ES2022, true);
  const visit = (node) => {
    if (isFunction(node)) {
      const at = `${s.file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
      const own = ownLines(node, source);
      const step = isStep(node);
      if (own > (step ? STEP : FUNCTION))
        found.push(`${at}: ${step ? 'step' : 'function'} of ${own} lines, at most ${step ? STEP : FUNCTION}`);
      if (node.parameters.length > PARAMETERS)
        found.push(`${at}: ${node.parameters.length} parameters, at most ${PARAMETERS}: take an object`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Violations below a root as `file:line: message`. */
export function checkSize(root) {
  return sources(root)
    .filter((s) => !s.isTest && !s.text.split('\n').slice(0, 3).join('').includes('@table'))
    .flatMap(checkFile);
}

main(checkSize, import.meta.url);
