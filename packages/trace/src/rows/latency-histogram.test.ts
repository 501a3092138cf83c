import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLatencyHistogram, recordLatency, summarizeLatency } from './latency-histogram.ts';

describe('latency histogram', () => {
  it('is undefined without values', () => {
    expect(summarizeLatency(undefined)).toBeUndefined();
    expect(summarizeLatency(createLatencyHistogram())).toBeUndefined();
  });

  it('min and max are exact, quantiles within a sixteenth of the true value', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1e15 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, (list) => {
        const histogram = createLatencyHistogram();
        for (const value of list) recordLatency(histogram, value);
        const sorted = [...list].sort((a, b) => a - b);
        const summary = summarizeLatency(histogram);
        const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
        expect(summary).toMatchObject({ count: list.length, min: sorted[0], max: sorted.at(-1) });
        for (const [got, want] of [
          [summary?.median, at(0.5)],
          [summary?.p99, at(0.99)],
        ] as const) {
          expect(Math.abs((got ?? 0) - want)).toBeLessThanOrEqual(want / 16 + 1);
        }
      }),
    );
  });
});
