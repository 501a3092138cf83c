// YAML text → scenario, with a position for everything that is wrong.

import { isMap, isNode, isPair, LineCounter, type Node, parseDocument } from 'yaml';
import type { Diagnostic, ScenarioCode } from './diagnostic.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';

/** A parsed file: the scenario or the diagnostics, and a way from paths to places. */
export interface Parsed {
  readonly scenario: ScenarioFile | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostic at a path of the file: `['steps', 2, 'irq_line', 'gsi']`. The nearest existing ancestor is taken. */
  at(path: readonly PropertyKey[], code: ScenarioCode, message: string, hint?: string): Diagnostic;
}

type Locate = (path: readonly PropertyKey[], key: boolean) => readonly [number, number];

/** Offsets of the scalar at a path, or of its key: of a map's key when `key` asks for it or the value is no scalar. */
function locator(root: Node | null): Locate {
  return (path, wantsKey) => {
    let node: unknown = root;
    let range: readonly [number, number] = isNode(root) && root.range ? [root.range[0], root.range[0] + 1] : [0, 0];
    for (const key of path) {
      if (isMap(node)) {
        const pair = node.items.find((p) => isPair(p) && String(p.key) === String(key));
        if (pair === undefined) return range;
        if (isNode(pair.key) && pair.key.range) range = [pair.key.range[0], pair.key.range[1]];
        node = pair.value;
      } else if (isNode(node) && 'items' in node) {
        node = (node as { items: unknown[] }).items[Number(key)];
        if (!isNode(node)) return range;
        if (node.range) range = [node.range[0], node.range[0] + 1];
      } else return range;
      const scalar = isNode(node) && !('items' in node) && node.range;
      if (scalar && !wantsKey && key === path.at(-1)) range = [scalar[0], scalar[1]];
    }
    return range;
  };
}

/** Parses and checks the shape of a scenario. Never throws for bad input. */
export function parseScenario(text: string): Parsed {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (from: number, to: number): Pick<Diagnostic, 'line' | 'column' | 'endLine' | 'endColumn'> => {
    const [a, b] = [lines.linePos(from), lines.linePos(Math.max(from, to))];
    return { line: a.line, column: a.col, endLine: b.line, endColumn: b.col };
  };
  const locate = locator(doc.contents as Node | null);
  const at: Parsed['at'] = (path, code, message, hint) => ({ code, message, hint, ...place(...locate(path, false)) });

  const broken = doc.errors.map(
    (e): Diagnostic => ({ code: 'VIRQ-S001', message: e.message, hint: undefined, ...place(e.pos[0], e.pos[1]) }),
  );
  if (broken.length > 0) return { scenario: null, diagnostics: broken, at };
  const json = toJson(doc);
  if (typeof json === 'string') return { scenario: null, diagnostics: [at([], 'VIRQ-S001', json)], at };
  const checked = scenarioSchema.safeParse(json.value);
  if (checked.success) return { scenario: checked.data, diagnostics: [], at };
  const diagnostics = checked.error.issues.map((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const path = unknown === undefined ? issue.path : [...issue.path, unknown];
    const where = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
    return { ...at(path, 'VIRQ-S002', `${where}${issue.message}`), ...place(...locate(path, unknown !== undefined)) };
  });
  return { scenario: null, diagnostics, at };
}

/** The document as plain data, or the message of an alias bomb or the like. */
function toJson(doc: ReturnType<typeof parseDocument>): { value: unknown } | string {
  try {
    return { value: doc.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return (error as Error).message;
  }
}
