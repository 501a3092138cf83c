import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, nearestWord, suggest } from './did-you-mean.ts';

describe('nearest word', () => {
  const known = ['irq_line', 'irqfd', 'efd_write', 'efd_read', 'signal_msi'];
  const rows: [string, string | undefined][] = [
    ['irq_lin', 'irq_line'],
    ['IRQFD', 'irqfd'],
    ['efd_wrte', 'efd_write'],
    ['efd_rad', 'efd_read'],
    ['signal', 'signal_msi'],
    ['moon', undefined],
    ['x'.repeat(1000), undefined],
  ];
  for (const [word, expected] of rows) it(word.slice(0, 20), () => expect(nearestWord(word, known)).toBe(expected));

  it('says what there is when nothing is near', () => {
    expect(suggest('moon', ['a', 'b'])).toBe('there are: a, b');
    expect(suggest('moon', [])).toBe('there are none');
    expect(suggest('irqdf', known)).toBe("did you mean 'irqfd'?");
  });
});

describe('distance', () => {
  const word = fc.string({ maxLength: 12 });
  it('is a metric', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
      }),
    );
  });
});
