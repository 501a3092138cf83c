// The verdicts of docs/reference/vgic-hazards.md: every one is computed here, and so is the page. `vitest -u` writes it anew.

import { VGIC_VERSIONS } from '@virq/arm-vgic/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from './__fixtures__/hazard-table.ts';
import { type VgicRow, vgicHazardPage } from './__fixtures__/vgic-hazard-page.ts';
import { VGIC_HAZARDS } from './__fixtures__/vgic-hazards.ts';

const rows: VgicRow[] = [];

beforeAll(() => {
  for (const hazard of VGIC_HAZARDS) {
    const { scope, edits, proof } = hazard;
    const happens = (kernel: number): boolean => explore(hazard, { ...scope, kernel }, edits).violations.length > 0;
    const kernels = VGIC_VERSIONS.filter((_version, kernel) => happens(kernel));
    rows.push({
      hazard,
      kernels,
      faulty: explore(hazard, scope, edits),
      corrected: proof === null ? null : explore(hazard, proof, []),
    });
  }
}, 600_000);

describe('F41 vGIC verdicts', () => {
  it.each(VGIC_HAZARDS.map((h, i) => [`${h.id} ${h.says}`, i] as const))('%s', (_name, i) => {
    const { hazard, kernels, faulty, corrected } = rows[i] as VgicRow;
    expect(kernels).toEqual(hazard.kernels);
    expect(faulty.violations.map((v) => v.property)).toEqual(kernels.length === 0 ? [] : [hazard.property]);
    expect(corrected?.verdict ?? 'ok').toBe('ok');
  });
});

it('the page says what was computed', async () => {
  await expect(vgicHazardPage(rows)).toMatchFileSnapshot('../../../docs/reference/vgic-hazards.md');
});
