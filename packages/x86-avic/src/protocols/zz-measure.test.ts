import { check } from '@virq/checker';
import { choiceOf, insert, omit, pidOf, replace } from '@virq/irq-core/protocol';
import { it } from 'vitest';
import { avicPost, moveIrte, pollGaLog, runAndBlock } from './avic-post.ts';
it('m', () => {
  for (const s of [{}, { exits: 2 }, { posts: 2 }, { vcpus: 3, updates: 1 }, { vcpus: 3 }]) for (const o of [{}, { reduce: false as const }]) {
    const m = avicPost.build(s); const t = performance.now();
    const r = check((x) => m.create(x), { maxStates: 6_000_000, ...o });
    console.log(JSON.stringify(s), JSON.stringify(o), r.verdict, r.bound, r.states, Math.round(performance.now() - t), 'ms', r.unreached, r.coverage.filter((l) => !l.reached), r.violations[0]?.property, r.violations[0]?.message, r.violations[0]?.steps.length);
  }
  const m = avicPost.build();
  const nokick = omit(moveIrte, 'kickPrevious');
  const set = (o: object) => (mm: any) => { Object.assign(mm.irte, o); };
  const mut: Record<string, any> = { nokick: [[moveIrte, nokick]], nocheck: [[runAndBlock, omit(runAndBlock, 'checkBlock')]], nowake: [[pollGaLog, omit(pollGaLog, 'wake')]],
   noout: [[runAndBlock, omit(runAndBlock, 'tellIommuOut')]], noin: [[runAndBlock, omit(runAndBlock, 'tellIommu')]], noprog: [[moveIrte, omit(moveIrte, 'program')]],
   nodelete: [[moveIrte, omit(moveIrte, 'deletePrevious')]], nojoin: [[moveIrte, omit(moveIrte, 'join')]],
   silence: [[moveIrte, insert(nokick, { after: 'deletePrevious' }, { silence: set({ isRun: 0, logIntr: 1 }) as never })]],
   running: [[moveIrte, replace(moveIrte, 'program', (mm, f) => { mm.irte.target = f.to; mm.irte.isRun = 0; mm.irte.cpu = 0; mm.irte.logIntr = mm.vcpus.at(f.to).logIntr; })]],
   old: [[moveIrte, omit(insert(moveIrte, { before: 'lock ir_list (previous)' }, { programFirst(mm, f) { const { running, logIntr } = mm.vcpus.at(f.to); Object.assign(mm.irte, { target: f.to, isRun: running, logIntr, cpu: running === 1 ? f.to : 0 }); } }), 'program')]],
   oldnokick: [[moveIrte, omit(insert(moveIrte, { before: 'lock ir_list (previous)' }, { programFirst(mm, f) { const { running, logIntr } = mm.vcpus.at(f.to); Object.assign(mm.irte, { target: f.to, isRun: running, logIntr, cpu: running === 1 ? f.to : 0 }); } }), 'program', 'kickPrevious')]],
  };
  for (const [n, e] of Object.entries(mut)) { const r = check((x) => m.create({ ...x, edits: e as never })); const v = r.violations[0]; console.log(n, r.verdict, v?.property, v?.steps.length);
   if (n === 'nokick' || n === 'silence') { const sys: any = m.create({ record: false, edits: e as never }); const pr = sys.processes; const names = ['vCPU0', 'vCPU1', 'update', 'IOMMU', 'galog'];
     const out: string[] = []; for (const st of v!.steps) { const pid = pidOf(st); out.push(`${names[pid]}: ${pr.labelOf?.(pid) ?? pr.at?.(pid)?.label ?? '?'}/${choiceOf(st)}`); pr.step(pid, choiceOf(st)); } console.log(out.join('\n')); console.log(Object.getOwnPropertyNames(Object.getPrototypeOf(pr))); } }
}, 600_000);
