// One measurement of bench/check.mjs in a process of its own: `check-one <instance> [mode]`, one line of JSON.

import { type CheckOptions, check } from '@virq/checker';
import { checkInParallel } from '@virq/checker/workers';
import { avic } from '../packages/checker/src/__fixtures__/peers/avic.ts';
import { intx, intxWithoutLock } from '../packages/checker/src/__fixtures__/peers/intx.ts';
import { resample } from '../packages/checker/src/__fixtures__/peers/resample.ts';

const buggy = avic(2, 2);
const SYSTEMS = {
  A1: () => ({ model: avic(2, 2).model }),
  A2: () => ({ model: intx(6) }),
  A3: () => ({ model: resample(3, 1) }),
  A4: () => ({ model: avic(2, 3).model }),
  B1: () => ({ model: buggy.model, edits: buggy.withoutRefresh }),
  B2: () => ({ model: intx(5), edits: intxWithoutLock }),
};

const MODES: Readonly<Record<string, CheckOptions & { readonly workers?: number }>> = {
  plain: { reduce: false },
  reduced: {},
  workers: { reduce: false, workers: 2 },
  fingerprint: { store: 'fingerprint' },
  bitstate: { store: 'bitstate', maxMemory: 2 ** 26 },
};

const [name, mode = 'plain'] = process.argv.slice(2);
const { model, edits = [] } = SYSTEMS[name as keyof typeof SYSTEMS]() as { model: ReturnType<typeof intx>; edits?: [] };
const make = (o: { readonly record: boolean }) => model.create({ ...o, edits });
const { workers = 1, ...asked } = MODES[mode] as (typeof MODES)[string];
const options = { ...asked, now: () => performance.now() };
const start = performance.now();
const r = workers === 1 ? check(make, options) : await checkInParallel(make, { ...options, workers });
const seconds = (performance.now() - start) / 1000;
const { states, transitions, bytesPerState, verdict, bound } = r;
const steps = r.violations[0]?.steps.length ?? null;
const memory = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ states, transitions, inside: seconds, bytesPerState, memory, verdict, bound, steps }));
