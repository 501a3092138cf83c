// SPIs that are deactivated by another vCPU than the one that took them.

import { describe, expect, it } from 'vitest';
import { VGIC_VERSIONS } from '../kernel.ts';
import { verdictOf } from './__fixtures__/explore.ts';
import { runEoiMode1, runEoiMode1Kernel, vgicDir } from './vgic-dir.ts';

const LOST = 'what the guest has deactivated is not active';
const KERNEL = [[runEoiMode1, runEoiMode1Kernel]] as never;

describe('F-33 K2 vgic-dir', () => {
  it.each([{}, { again: 0 }, { again: 2 }])('a counter that follows the lists: clean %o', (scope) =>
    expect(verdictOf(vgicDir, scope)).toEqual({ says: 'ok', unreached: [] }),
  );

  it('Linux 7.3 with a level interrupt that comes once', () =>
    expect(verdictOf(vgicDir, { again: 0 }, KERNEL).says).toBe('ok'));

  it.each(VGIC_VERSIONS.map((v, kernel) => [v, kernel] as const))('Linux %s', (version, kernel) =>
    expect([version, verdictOf(vgicDir, { kernel }, KERNEL).says]).toEqual([version, LOST]),
  );
});
