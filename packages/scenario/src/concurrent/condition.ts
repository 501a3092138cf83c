// A parsed condition bound to the state of one machine: types and ranges checked against the declared layout, then a function.

import type { AnyArena, Kind, StructKind } from '@virq/irq-core/arena';
import { kindAt, partsOf, pathFault, viewAt } from '../state-path.ts';
import { type Comparison, type Expression, ExpressionFault, parseExpression, type Span } from './expression.ts';

/** What conditions are bound to: an arena with its layout. */
export type Subject = AnyArena & { readonly kind: StructKind };

type Value = number | bigint | boolean | readonly number[];
type Eval = (i: number) => Value;
type Type = 'number' | 'set' | 'truth';

interface Term {
  readonly type: Type;
  /** Largest number or member it can have. */
  readonly max: number;
  readonly eval: Eval;
  /** Sets only. */
  readonly has?: (i: number, member: number) => boolean;
}

/** What `[*]` ranges over inside one all, any or count. */
interface Range {
  length: number;
  text: string;
  readonly live: ((i: number) => boolean)[];
}

interface Scope {
  readonly subject: Subject;
  readonly range: Range | null;
  fields: number;
}

type Quantifier = Span & { readonly is: 'all' | 'any' | 'count'; readonly of: Expression };
type Bitmap = { has(bit: number): boolean; list(): number[]; isEmpty(): boolean };
type Pool = { next(from: number): number };

/** A condition that ranges over elements at its top: each is an instance. Otherwise one instance. */
export interface Condition {
  readonly holds: (i: number) => boolean;
  readonly count: number;
}

const COMPARE: Readonly<Record<string, (a: never, b: never) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const same = (a: Value, b: Value): boolean =>
  Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((v, i) => v === b[i]) : a === b;

const fault = (code: ConstructorParameters<typeof ExpressionFault>[0], message: string, at: Span, hint?: string) =>
  new ExpressionFault(code, message, at, hint);

const maxOf = (kind: Kind): number =>
  kind.tag === 'int' ? 2 ** (8 * kind.bytes) - 1 : kind.tag === 'bits' ? 2 ** kind.bits - 1 : Number.MAX_SAFE_INTEGER;

const plain = (v: unknown): Value =>
  typeof v === 'bigint' && v <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(v) : (v as Value);

function viewOf(subject: Subject, parts: readonly string[]): unknown {
  let view: unknown = (subject as unknown as { readonly root: unknown }).root;
  for (const part of parts) view = viewAt(view as never, part);
  return view;
}

/** Reader of one value. Views are bound once, so that reading touches only the field. */
function reader(subject: Subject, path: string, kind: Kind): Omit<Term, 'type' | 'max'> {
  const parts = partsOf(path);
  const last = parts.at(-1) as string;
  const parent = viewOf(subject, parts.slice(0, -1));
  if (kind.tag !== 'bitmap') return { eval: () => plain(viewAt(parent as never, last)) };
  if (last === 'inUse') {
    const pool = parent as Pool;
    return { eval: () => viewAt(parent as never, last) as number[], has: (_i, m) => pool.next(m) === m };
  }
  const bitmap = viewAt(parent as never, last) as Bitmap;
  return { eval: () => bitmap.list(), has: (_i, m) => bitmap.has(m) };
}

function checkPath(subject: Subject, path: string, at: Span): Kind {
  const found = pathFault(subject.kind, path);
  if (found !== null) throw fault('VIRQ-S007', found.message, at, found.hint);
  return kindAt(subject.kind, path);
}

function termOf(kind: Kind, read: Omit<Term, 'type' | 'max'>): Term {
  if (kind.tag === 'bitmap') return { type: 'set', max: kind.bits - 1, ...read };
  return { type: 'number', max: maxOf(kind), ...read };
}

/** A path with `[*]`: one reader per element, and whether the element exists at the moment. */
function wildcard(s: Scope, text: string, at: Span): Term {
  const star = text.indexOf('[*]');
  const stem = text.slice(0, star);
  const rest = text.slice(star + 3);
  if (rest.includes('[*]')) throw fault('VIRQ-S015', `${text} has [*] twice`, at, 'name one of the elements');
  if (s.range === null)
    throw fault('VIRQ-S015', `${text} is many values`, at, `say which: all ${text} …, any …, count(…)`);
  const above = kindAt(s.subject.kind, stem);
  const whole = pathFault(s.subject.kind, stem);
  if ((above.tag === 'array' || above.tag === 'pool') && above.length === 0)
    throw fault('VIRQ-S014', `${stem} has no elements: the condition says nothing`, at);
  if (whole !== null && !whole.message.endsWith('is no single value'))
    throw fault('VIRQ-S007', whole.message, at, whole.hint);
  const kind = checkPath(s.subject, `${stem}[0]${rest}`, at);
  const { length } = above as { length: number };
  if (s.range.length > 0 && s.range.length !== length)
    throw fault('VIRQ-S015', `${text} has ${length} elements, ${s.range.text} has ${s.range.length}`, at);
  Object.assign(s.range, { length, text });
  if (above.tag === 'pool') {
    const pool = viewOf(s.subject, partsOf(stem)) as Pool;
    s.range.live.push((i) => pool.next(i) === i);
  }
  const readers = Array.from({ length }, (_, i) => reader(s.subject, `${stem}[${i}]${rest}`, kind));
  const pick = (i: number): (typeof readers)[number] => readers[i] as (typeof readers)[number];
  return termOf(kind, {
    eval: (i) => pick(i).eval(i),
    ...(kind.tag === 'bitmap' && { has: (i, m) => pick(i).has?.(i, m) === true }),
  });
}

function field(s: Scope, text: string, at: Span): Term {
  s.fields++;
  if (text.includes('[*]')) return wildcard(s, text, at);
  const kind = checkPath(s.subject, text, at);
  return termOf(kind, reader(s.subject, text, kind));
}

const NUMBER_OF: Readonly<Record<Type, string>> = { number: 'a number', set: 'a set', truth: 'a condition' };

function membership(a: Term, b: Term, { op, from, to }: Span & { readonly op: Comparison }): Term {
  const at = { from, to };
  if (a.type !== 'number' || b.type !== 'set')
    throw fault('VIRQ-S015', `${NUMBER_OF[a.type]} is asked to be in ${NUMBER_OF[b.type]}`, at, '`0x41 in <set>`');
  const yes = op === 'in';
  const has = b.has as NonNullable<Term['has']>;
  return { type: 'truth', max: 1, eval: (i) => has(i, Number(a.eval(i))) === yes };
}

/** A comparison with a constant that the field can never have is about nothing. */
function checkRange(e: Expression & { is: 'compare' }, a: Term, b: Term): void {
  for (const [constant, of, term] of [
    [e.a, e.b, b],
    [e.b, e.a, a],
  ] as const)
    if (constant.is === 'number' && of.is === 'path' && constant.value > term.max)
      throw fault('VIRQ-S014', `${of.text} is at most ${term.max} and never ${constant.value}`, constant);
}

function comparison(s: Scope, e: Expression & { is: 'compare' }): Term {
  const [a, b] = [term(s, e.a), term(s, e.b)];
  checkRange(e, a, b);
  if (e.op === 'in' || e.op === 'not in') return membership(a, b, e);
  const ordered = e.op !== '==' && e.op !== '!=';
  if (a.type !== b.type || (ordered && a.type !== 'number'))
    throw fault('VIRQ-S015', `${NUMBER_OF[a.type]} is compared with ${NUMBER_OF[b.type]}`, e);
  const compare = COMPARE[e.op] ?? ((x: Value, y: Value) => same(x, y) === (e.op === '=='));
  return { type: 'truth', max: 1, eval: (i) => compare(a.eval(i) as never, b.eval(i) as never) };
}

/** The range of a quantifier and what is asked of each element. */
function quantified(s: Scope, e: Quantifier) {
  if (s.range !== null) throw fault('VIRQ-S015', `${e.is} inside another range`, e, 'name the element of one of them');
  const range: Range = { length: 0, text: '', live: [] };
  const inner: Scope = { subject: s.subject, range, fields: 0 };
  const of = truth(inner, e.of);
  s.fields += inner.fields;
  if (range.length === 0) throw fault('VIRQ-S014', `${e.is} ranges over nothing`, e, 'name elements with [*]');
  return { length: range.length, of, exists: (i: number) => range.live.every((live) => live(i)) };
}

function quantifier(s: Scope, e: Quantifier): Term {
  const { length, of, exists } = quantified(s, e);
  const indices = Array.from({ length }, (_, i) => i);
  const yes = (i: number): boolean => exists(i) && of(i);
  if (e.is === 'all') return { type: 'truth', max: 1, eval: () => indices.every((i) => !exists(i) || of(i)) };
  if (e.is === 'any') return { type: 'truth', max: 1, eval: () => indices.some(yes) };
  return { type: 'number', max: length, eval: () => indices.filter(yes).length };
}

function term(s: Scope, e: Expression): Term {
  switch (e.is) {
    case 'number':
      return { type: 'number', max: e.value, eval: () => e.value };
    case 'list': {
      const items = [...e.items].sort((x, y) => x - y);
      return { type: 'set', max: 0, eval: () => items, has: (_i, m) => items.includes(m) };
    }
    case 'path':
      return field(s, e.text, e);
    case 'compare':
      return comparison(s, e);
    case 'all':
    case 'any':
    case 'count':
      return quantifier(s, e as Quantifier);
    case 'not': {
      const of = truth(s, e.of);
      return { type: 'truth', max: 1, eval: (i) => !of(i) };
    }
    default: {
      const [a, b] = [truth(s, e.a), truth(s, e.b)];
      const both = { and: (i: number) => a(i) && b(i), or: (i: number) => a(i) || b(i) };
      return { type: 'truth', max: 1, eval: e.is === 'implies' ? (i) => !a(i) || b(i) : both[e.is] };
    }
  }
}

/** A number alone asks whether it is not zero, a set whether it has members. */
function truth(s: Scope, e: Expression): (i: number) => boolean {
  const t = term(s, e);
  if (t.type === 'truth') return t.eval as (i: number) => boolean;
  if (t.type === 'number') return (i) => Number(t.eval(i)) !== 0;
  return (i) => (t.eval(i) as readonly number[]).length > 0;
}

function checkFields(s: Scope, e: Expression): void {
  if (s.fields === 0) throw fault('VIRQ-S014', 'the condition names no field of the state', e);
}

/** Parses a condition and binds it. Throws {@link ExpressionFault}. */
export function bindCondition(subject: Subject, text: string): () => boolean {
  const e = parseExpression(text);
  const s: Scope = { subject, range: null, fields: 0 };
  const holds = truth(s, e);
  checkFields(s, e);
  return () => holds(0);
}

/** As {@link bindCondition}, but a `split` quantifier at the top becomes one instance per element. */
export function bindInstances(subject: Subject, text: string, split: 'all' | 'any'): Condition {
  const e = parseExpression(text);
  if (e.is !== split) return { holds: bindCondition(subject, text), count: 1 };
  const s: Scope = { subject, range: null, fields: 0 };
  const { length, of, exists } = quantified(s, e as Quantifier);
  checkFields(s, e);
  return { holds: split === 'all' ? (i) => !exists(i) || of(i) : (i) => exists(i) && of(i), count: length };
}
