// A counterexample as a file: where the model comes from, what is broken, the schedule, and the steps in words for those who read it without virq.

import type { Change } from '@virq/irq-core/arena';
import { VirqError } from '@virq/irq-core/errors';
import { formatSchedule, parseSchedule } from '@virq/irq-core/protocol';
import type { Violation } from '../result.ts';
import type { Replay } from './replay.ts';

/** Where a system comes from, so that the counterexample finds it again. */
export interface Origin {
  readonly kind: 'model' | 'scenario';
  /** Name of the model, or path of the scenario. */
  readonly name: string;
  readonly variant: string | null;
  readonly scope: Readonly<Record<string, number>>;
}

/** A counterexample read back. */
export interface SavedCounterexample {
  readonly origin: Origin;
  readonly violation: Violation;
}

const FORMAT = 'counterexample/1';

const changeOf = (c: Change): string => `${c.path}: ${JSON.stringify(c.before)} -> ${JSON.stringify(c.after)}`;

/** The file's text. */
export function saveCounterexample({ origin, violation }: SavedCounterexample, replay: Replay): string {
  const { steps: schedule, ...what } = violation;
  const steps = replay.steps.map(({ changes, locals, ...step }) => ({
    ...step,
    changes: [...changes, ...locals].map(changeOf),
  }));
  return `${JSON.stringify({ virq: FORMAT, origin, ...what, schedule: formatSchedule(schedule), steps }, null, 2)}\n`;
}

/** Line and column of an offset, both from 1. */
function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1) as string).length + 1}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message)?.[1];
    const where = at === undefined ? placeIn(text, text.length) : placeIn(text, Number(at));
    throw new VirqError('VIRQ-K001', `${where}: no JSON: ${message.slice(0, 200)}`, {
      hint: 'give a file that virq check --save wrote',
    });
  }
}

type Shape = Readonly<Record<string, (v: unknown) => boolean>>;

const isText = (v: unknown): boolean => typeof v === 'string';
const isTextOrNull = (v: unknown): boolean => v === null || isText(v);
const isCount = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 0;
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

const VIOLATION: Shape = {
  property: isText,
  kind: isText,
  instance: isCount,
  message: isText,
  consequence: isTextOrNull,
  cycleFrom: (v) => v === null || isCount(v),
  schedule: isText,
  origin: isObject,
};
const ORIGIN: Shape = {
  kind: (v) => v === 'model' || v === 'scenario',
  name: isText,
  variant: isTextOrNull,
  scope: (v) => isObject(v) && Object.values(v).every(isCount),
};

function refuse(text: string, field: string, path: string): never {
  const at = text.indexOf(`"${field}"`);
  const where = at < 0 ? '1:1' : placeIn(text, at);
  const what = at < 0 ? 'is missing' : 'has a value that does not fit';
  throw new VirqError('VIRQ-K002', `${where}: ${path} ${what}`, { hint: 'save the counterexample again' });
}

function fits(text: string, value: Record<string, unknown>, { shape, path }: { shape: Shape; path: string }): void {
  for (const [field, ok] of Object.entries(shape)) if (!ok(value[field])) refuse(text, field, path + field);
}

/** Reads a file back. Throws VIRQ-K001 for text that is no JSON, VIRQ-K002 for JSON that is no counterexample of this version, both with line and column. */
export function parseCounterexample(text: string): SavedCounterexample {
  const value = parseJson(text);
  if (!isObject(value) || value['virq'] !== FORMAT)
    throw new VirqError('VIRQ-K002', `1:1: no counterexample: "virq" is not "${FORMAT}"`, {
      hint: 'give a file that virq check --save wrote',
    });
  fits(text, value, { shape: VIOLATION, path: '' });
  const origin = value['origin'] as Record<string, unknown>;
  fits(text, origin, { shape: ORIGIN, path: 'origin.' });
  const { property, kind, instance, message, consequence, cycleFrom } = value as unknown as Violation;
  const steps = parseSchedule(value['schedule'] as string);
  if (cycleFrom !== null && cycleFrom > steps.length) refuse(text, 'cycleFrom', 'cycleFrom');
  return {
    origin: origin as unknown as Origin,
    violation: { property, kind, instance, message, consequence, cycleFrom, steps },
  };
}
