// `virq explain` knows every code that the sources can print, and nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './__fixtures__/call.ts';
import { CODES } from './codes.ts';

const sources = ['packages', 'apps'].flatMap((group) =>
  readdirSync(join(ROOT, group)).flatMap((name) => {
    const dir = join(ROOT, group, name, 'src');
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && !f.includes('__fixtures__'))
      .map((f) => readFileSync(join(dir, f), 'utf8'));
  }),
);

const uses = new Map<string, number>();
for (const text of sources)
  for (const [code] of text.matchAll(/VIRQ-[A-Z]\d{3}\b/g)) uses.set(code, (uses.get(code) ?? 0) + 1);

describe('codes', () => {
  it('that the sources name are all explained', () => {
    expect(uses.size).toBeGreaterThan(30);
    expect([...uses.keys()].filter((code) => !Object.hasOwn(CODES, code))).toEqual([]);
  });

  it('that are explained are all used somewhere besides', () => {
    const onlyExplained = Object.keys(CODES).filter((code) => (uses.get(code) ?? 0) < 2);
    expect(onlyExplained).toEqual([]);
  });

  it('have title, explanation and remedy', () => {
    for (const [code, e] of Object.entries(CODES))
      expect([code, [e.title, e.explanation, e.remedy].every((text) => text !== '')]).toEqual([code, true]);
  });
});
