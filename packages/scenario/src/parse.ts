// YAML text, or a value written in TypeScript → scenario, with a position for everything that is wrong.

import { LineCounter, type Node, parseDocument } from 'yaml';
import type { Diagnostic, ScenarioCode } from './diagnostic.ts';
import { locate, NOWHERE, type Place, placeOf } from './place.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { missingParts, shapeFaults } from './shape-faults.ts';

/** A parsed file: the scenario or the diagnostics, and a way from paths to places. */
export interface Parsed {
  readonly scenario: ScenarioFile | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostic at a path of the file: `['steps', 2, 'irq_line', 'gsi']`. The nearest existing ancestor is taken. */
  at(path: readonly PropertyKey[], code: ScenarioCode, message: string, hint?: string): Diagnostic;
  /** The same, marking the key at the path rather than its value. */
  atKey(path: readonly PropertyKey[], code: ScenarioCode, message: string, hint?: string): Diagnostic;
}

type PlaceAt = (path: readonly PropertyKey[], key: boolean) => Place;

const marker =
  (placeAt: PlaceAt, key: boolean): Parsed['at'] =>
  (path, code, message, hint) => ({ code, message, hint, ...placeAt(path, key) });

function checkShape(value: unknown, placeAt: PlaceAt): Parsed {
  const marks = { at: marker(placeAt, false), atKey: marker(placeAt, true) };
  const checked = scenarioSchema.safeParse(value);
  const missing = missingParts(value);
  if (checked.success && missing.length === 0) return { scenario: checked.data, diagnostics: [], ...marks };
  const issues = checked.success ? [] : checked.error.issues;
  const diagnostics = [...shapeFaults(issues, value), ...missing].map(({ path, key, message, hint }) => {
    const code: ScenarioCode = 'VIRQ-S002';
    return { code, message, hint, ...placeAt(path, key) };
  });
  return { scenario: null, diagnostics, ...marks };
}

/** Checks the shape of a scenario that is a value already, such as one made with {@link defineScenario}. Diagnostics have no place. */
export const checkScenario = (value: unknown): Parsed => checkShape(value, () => NOWHERE);

/** Messages of the YAML reader that speak of its own API. */
const REWORDED: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a scenario file has one document; this begins a second one',
};

/** Parses a scenario and checks its shape. Never throws for bad input. */
export function parseScenario(text: string): Parsed {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const root = doc.contents as Node | null;
  const placeAt: PlaceAt = (path, key) => placeOf(lines, locate(root, path, key));
  const marks = { at: marker(placeAt, false), atKey: marker(placeAt, true) };
  const broken = doc.errors.map(
    (e): Diagnostic => ({
      code: 'VIRQ-S001',
      message: REWORDED[e.code] ?? e.message,
      hint: undefined,
      ...placeOf(lines, e.pos),
    }),
  );
  if (broken.length > 0) return { scenario: null, diagnostics: broken, ...marks };
  const json = toJson(doc);
  if (typeof json === 'string') return { scenario: null, diagnostics: [marks.at([], 'VIRQ-S001', json)], ...marks };
  return checkShape(json.value, placeAt);
}

/** The document as plain data, or the message of an alias bomb or the like. */
function toJson(doc: ReturnType<typeof parseDocument>): { value: unknown } | string {
  try {
    return { value: doc.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return (error as Error).message;
  }
}
