import { it } from 'vitest';
import { examine } from './examine.ts';
import { BUGS } from './index.ts';

const only = (process.env.SLUGS ?? '').split(',').filter(Boolean);
it('x', () => {
  for (const b of BUGS.filter((b) => (only.length ? only.includes(b.slug) : b.family === 'ppc'))) {
    const t = performance.now();
    try {
      const { faulty, corrected, deviations } = examine(b);
      const v = faulty.violations[0];
      console.log(
        b.slug,
        Math.round(performance.now() - t) + 'ms',
        'faulty',
        faulty.states,
        v?.steps.length,
        v?.property,
        '| corrected',
        corrected.verdict,
        corrected.states,
        '|',
        deviations.join(' ; '),
      );
    } catch (e) {
      console.log(b.slug, 'THREW', (e as Error).message.slice(0, 300));
    }
  }
}, 600000);
