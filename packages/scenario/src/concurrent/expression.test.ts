// Conditions: precedence, values, and every way in which one can be wrong.

import { array, bitmap, createArena, pool, struct, u1, u8, u64 } from '@virq/irq-core/arena';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindCondition, bindInstances } from './condition.ts';
import { ExpressionFault, parseExpression } from './expression.ts';

const Item = struct('item', { x: u8 });
const arena = createArena(
  struct('root', {
    a: u8,
    b: u1,
    set: bitmap(70),
    big: u64,
    list: array(u8, 3),
    items: pool(Item, 4),
    none: array(Item, 0),
    many: array(struct('one', { set: bitmap(8), n: u8 }), 2),
  }),
);
const root = arena.root as never as {
  a: number;
  big: bigint;
  set: { add(n: number): void };
  list: { set(i: number, v: number): void };
  items: { alloc(): number; at(h: number): { x: number }; free(h: number): void };
  many: { at(i: number): { n: number; set: { add(n: number): void } } };
};
root.a = 5;
root.big = 0x1_0000_0000n;
root.set.add(65);
root.list.set(1, 9);
const [first, second] = [root.items.alloc(), root.items.alloc()];
root.items.at(first).x = 7;
root.items.at(second).x = 8;
root.items.free(first);
root.many.at(1).set.add(3);
root.many.at(1).n = 1;

describe('values', () => {
  const rows: [string, boolean][] = [
    ['a == 5', true],
    ['a == 0x05 and b != 0', false],
    ['a', true],
    ['not b', true],
    ['b or a > 4 and a <= 5', true],
    ['(b or a > 4) and b', false],
    ['b implies a == 1', true],
    ['65 in set', true],
    ['64 not in set', true],
    ['set == [65]', true],
    ['set != []', true],
    ['set', true],
    ['a in [1, 5]', true],
    ['big == 0x100000000', true],
    ['list[1] == 9', true],
    ['any list[*] == 9', true],
    ['all list[*] == 9', false],
    ['all (items[*].x == 8)', true],
    ['count(items[*].x) == 1', true],
    ['items.inUse == [1] and 1 in items.inUse', true],
    ['all (3 in many[*].set implies many[*].n == 1)', true],
    ['any many[*].set', true],
    ['not any many[*].set == [1]', true],
  ];
  for (const [text, value] of rows) it(`${text}: ${value}`, () => expect(bindCondition(arena, text)()).toBe(value));

  it('a quantifier at the top becomes instances', () => {
    const all = bindInstances(arena, 'all list[*] == 0', 'all');
    expect([all.count, ...[0, 1, 2].map(all.holds)]).toEqual([3, true, false, true]);
    const any = bindInstances(arena, 'any items[*].x == 7', 'any');
    expect([any.count, ...[0, 1].map(any.holds)]).toEqual([4, false, false]);
    expect(bindInstances(arena, 'any list[*] == 9', 'all').count).toBe(1);
  });
});

describe('faults', () => {
  const rows: [string, string][] = [
    ['a = 5', "2 VIRQ-S013 '=' means nothing here"],
    ['a == ', '5 VIRQ-S013 expected a field, a number or a bracket, found the end'],
    ['a == 5 b', "7 VIRQ-S013 expected and, or, a comparison, or the end, found 'b'"],
    ['(a == 5', "7 VIRQ-S013 expected ')', found the end"],
    ['a not 5', "6 VIRQ-S013 expected 'in', found '5'"],
    ['a == 99999999999999999999', '5 VIRQ-S013 99999999999999999999 is too large'],
    ['c == 1', "0 VIRQ-S007 the machine has no field 'c'"],
    ['a == 1 and list == 1', '11 VIRQ-S007 list is no single value'],
    ['list[3]', "0 VIRQ-S007 list has no element '3'"],
    ['1 == 1', '0 VIRQ-S014 the condition names no field of the state'],
    ['a == 256', '5 VIRQ-S014 a is at most 255 and never 256'],
    ['70 in set', '0 VIRQ-S014 set is at most 69 and never 70'],
    ['all none[*].x == 1', '4 VIRQ-S014 none has no elements: the condition says nothing'],
    ['all a == 1', '0 VIRQ-S014 all ranges over nothing'],
    ['list[*] == 1', '0 VIRQ-S015 list[*] is many values'],
    ['any (list[*] == 1 and many[*].n)', '22 VIRQ-S015 many[*].n has 2 elements, list[*] has 3'],
    ['any (all list[*] == 1)', '4 VIRQ-S015 all inside another range'],
    ['a in b', '0 VIRQ-S015 a number is asked to be in a number'],
    ['set == 1', '0 VIRQ-S015 a set is compared with a number'],
    ['set < []', '0 VIRQ-S015 a set is compared with a set'],
    ['any oops[*].x', "4 VIRQ-S007 the machine has no field 'oops'"],
    ['any a[*]', "4 VIRQ-S007 a is a value and has no '0'"],
  ];
  for (const [text, expected] of rows)
    it(text, () => {
      try {
        bindCondition(arena, text);
        expect.unreachable();
      } catch (e) {
        expect(e).toBeInstanceOf(ExpressionFault);
        const { span, code, message } = e as ExpressionFault;
        expect(`${span.from} ${code} ${message}`).toBe(expected);
      }
    });

  it('any text is read or refused inside it', () => {
    const word = fc.constantFrom(
      'a',
      'list[*]',
      '5',
      '==',
      'in',
      'not',
      'and',
      'all',
      '(',
      ')',
      '[',
      ']',
      ',',
      '$',
      'count',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const text = words.join(' ');
        try {
          parseExpression(text);
        } catch (e) {
          const { span } = e as ExpressionFault;
          expect(span.from).toBeLessThanOrEqual(text.length);
        }
      }),
    );
  });
});
