// Conditions over the state, as text: `all vfio.devices[*].masked == 0 or 0x41 in guest.chip.lapics[0].irr`. Text → tree, with places.

import type { ScenarioCode } from '../diagnostic.ts';

/** A stretch of the text: offsets, the end exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Comparisons. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** A parsed condition. */
export type Expression = Span &
  (
    | { readonly is: 'number'; readonly value: number }
    | { readonly is: 'list'; readonly items: readonly number[] }
    | { readonly is: 'path'; readonly text: string }
    | { readonly is: 'compare'; readonly op: Comparison; readonly a: Expression; readonly b: Expression }
    | { readonly is: 'not' | 'all' | 'any' | 'count'; readonly of: Expression }
    | { readonly is: 'and' | 'or' | 'implies'; readonly a: Expression; readonly b: Expression }
  );

/** What is wrong with a condition, and where. */
export class ExpressionFault extends Error {
  readonly code: ScenarioCode;
  readonly span: Span;
  readonly hint: string | undefined;
  constructor(code: ScenarioCode, message: string, span: Span, hint?: string) {
    super(message);
    this.code = code;
    this.span = { from: span.from, to: span.to };
    this.hint = hint;
  }
}

interface Token extends Span {
  readonly kind: 'number' | 'path' | 'sign' | 'end';
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<number>0x[0-9a-f]+|\d+)(?![A-Za-z0-9_])|(?<path>[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*|\[(?:\d+|\*)\])*)|(?<sign>==|!=|<=|>=|[<>()[\],]))/iy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      const from = at + (text.slice(at).length - text.slice(at).trimStart().length);
      throw new ExpressionFault('VIRQ-S013', `'${text[from]}' means nothing here`, { from, to: from + 1 });
    }
    const found = Object.entries(match.groups ?? {}).find(([, t]) => t !== undefined) as [Token['kind'], string];
    at = TOKEN.lastIndex;
    tokens.push({ kind: found[0], text: found[1], from: at - found[1].length, to: at });
  }
  return [...tokens, { kind: 'end', text: 'the end', from: text.length, to: text.length }];
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in']);

/** A hand parser: one method per precedence, lowest first. */
class Reader {
  private readonly tokens: readonly Token[];
  private at = 0;
  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  private get next(): Token {
    return this.tokens[this.at] as Token;
  }

  private take(text: string): boolean {
    if (this.next.kind === 'end' || this.next.text !== text) return false;
    this.at++;
    return true;
  }

  private expect(text: string): Token {
    const token = this.next;
    if (!this.take(text)) throw this.unexpected(`'${text}'`);
    return token;
  }

  private unexpected(wanted: string): ExpressionFault {
    const { text, kind } = this.next;
    const found = kind === 'end' ? 'the end' : `'${text}'`;
    return new ExpressionFault('VIRQ-S013', `expected ${wanted}, found ${found}`, this.next);
  }

  whole(): Expression {
    const e = this.implication();
    if (this.next.kind !== 'end') throw this.unexpected('and, or, a comparison, or the end');
    return e;
  }

  private implication(): Expression {
    const a = this.chain('or', () => this.chain('and', () => this.negation()));
    if (!this.take('implies')) return a;
    const b = this.implication();
    return { is: 'implies', a, b, from: a.from, to: b.to };
  }

  private chain(is: 'and' | 'or', part: () => Expression): Expression {
    let a = part();
    while (this.take(is)) {
      const b = part();
      a = { is, a, b, from: a.from, to: b.to };
    }
    return a;
  }

  private negation(): Expression {
    const { from } = this.next;
    for (const is of ['not', 'all', 'any'] as const)
      if (this.take(is)) {
        const of = this.negation();
        return { is, of, from, to: of.to };
      }
    return this.comparison();
  }

  private comparison(): Expression {
    const a = this.operand();
    const { text, kind } = this.next;
    const negated = kind !== 'end' && text === 'not' && this.take('not');
    if (negated && this.next.text !== 'in') throw this.unexpected("'in'");
    if (this.next.kind === 'end' || !COMPARISONS.has(this.next.text)) return a;
    const op = (negated ? 'not in' : this.next.text) as Comparison;
    this.at++;
    const b = this.operand();
    return { is: 'compare', op, a, b, from: a.from, to: b.to };
  }

  private operand(): Expression {
    const token = this.next;
    if (token.kind === 'number') return this.number();
    if (this.take('(')) {
      const e = this.implication();
      return { ...e, from: token.from, to: this.expect(')').to };
    }
    if (this.take('[')) return this.list(token.from);
    if (this.take('count')) {
      this.expect('(');
      const of = this.implication();
      return { is: 'count', of, from: token.from, to: this.expect(')').to };
    }
    if (token.kind !== 'path' || ['and', 'or', 'in', 'implies'].includes(token.text))
      throw this.unexpected('a field, a number or a bracket');
    this.at++;
    return { is: 'path', text: token.text, from: token.from, to: token.to };
  }

  private number(): Expression & { is: 'number' } {
    const token = this.next;
    if (token.kind !== 'number') throw this.unexpected('a number');
    this.at++;
    const value = Number(token.text);
    if (!Number.isSafeInteger(value)) throw new ExpressionFault('VIRQ-S013', `${token.text} is too large`, token);
    return { is: 'number', value, from: token.from, to: token.to };
  }

  private list(from: number): Expression {
    const items: number[] = [];
    while (this.next.text !== ']' || this.next.kind === 'end') {
      if (items.length > 0) this.expect(',');
      items.push(this.number().value);
    }
    return { is: 'list', items, from, to: this.expect(']').to };
  }
}

/** Parses a condition. Throws {@link ExpressionFault}. */
export const parseExpression = (text: string): Expression => new Reader(text).whole();
