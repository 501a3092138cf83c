// The verdicts of docs/reference/xive-hazards.md: every one is computed here, and so is the page. `vitest -u` writes it anew.

import { alsoTaken, excludedBy, LOCKS, PATHS, type PathName } from '@virq/ppc-xive/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from './__fixtures__/hazard-table.ts';
import { hazardPage, type Row } from './__fixtures__/xive-hazard-page.ts';
import { HAZARDS, type Hazard } from './__fixtures__/xive-hazards.ts';

const rows: Row[] = [];

beforeAll(() => {
  for (const hazard of HAZARDS) {
    const faulty = explore(hazard, hazard.scope, hazard.edits);
    const corrected = hazard.proof === null ? null : explore(hazard, hazard.proof, []);
    rows.push({ hazard, faulty, corrected });
  }
}, 120_000);

const numbered = HAZARDS.map((h, i) => [`${h.id} ${h.says}`, i] as const);

describe('verdicts', () => {
  it.each(numbered)('%s', (_name, i) => {
    const { hazard, faulty, corrected } = rows[i] as Row;
    const found = faulty.violations[0]?.property ?? null;
    expect(found).toBe(hazard.verdict === 'cannot happen' ? null : hazard.property);
    expect(corrected?.verdict ?? 'ok').toBe('ok');
  });

  it('D-4: pages that went are brought back right', () => {
    const hazard = HAZARDS.find((h) => h.id === 'D-4') as Hazard;
    const harmless = { ...hazard, property: 'another VM has the page of its own source or none' };
    expect(explore(harmless, hazard.scope, hazard.edits).verdict).toBe('ok');
  });
});

describe('locks', () => {
  it('no lock keeps a switch and a page fault apart; kvm->lock and irqbypass’s keep two switches apart', () => {
    expect([excludedBy('setMapped', 'esbFault'), excludedBy('clrMapped', 'esbFault')]).toEqual([[], []]);
    expect(alsoTaken('setMapped', 'esbFault')).toEqual(['sb', 'ptl']);
    expect(excludedBy('setMapped', 'clrMapped')).toEqual(['bypass', 'kvm']);
    expect(excludedBy('release', 'setMapped')).toEqual(['kvm']);
    expect([excludedBy('release', 'esbFault'), excludedBy('release', 'mmap')]).toEqual([['file'], ['file']]);
  });

  it('every path takes locks that exist', () => {
    const names = Object.keys(PATHS) as PathName[];
    expect(names.flatMap((n) => PATHS[n].takes.map((t) => t.lock)).filter((lock) => !(lock in LOCKS))).toEqual([]);
  });
});

it('the page says what was computed', async () => {
  await expect(hazardPage(rows)).toMatchFileSnapshot('../../../docs/reference/xive-hazards.md');
});
