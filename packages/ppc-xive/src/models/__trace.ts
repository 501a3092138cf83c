import { check } from '@virq/checker';
import { choiceOf, type Edits, pidOf } from '@virq/irq-core/protocol';
export function trace(
  family: any,
  scope: any,
  edits: Edits = [],
  property?: string,
  watch: (m: any) => unknown = () => '',
) {
  const model = family.build(scope);
  const make = (o: any) => {
    const s = model.create({ ...o, edits });
    return property ? { ...s, properties: s.properties.filter((p: any) => p.name === property) } : s;
  };
  const r = check(make, {});
  const v = r.violations[0];
  if (!v) {
    console.log('no violation', r.states);
    return;
  }
  const { processes, machine } = make({ record: false });
  const out = [v.property + ' ' + v.message];
  let last = '';
  for (const step of v.steps) {
    const pid = pidOf(step);
    const label = (processes as any).labelOf?.(pid) ?? '?';
    const name = (processes as any).protocolOf?.(pid)?.name ?? '';
    try {
      processes.step(pid, choiceOf(step));
    } catch (e) {
      out.push('threw ' + e);
    }
    const now = JSON.stringify(watch(machine));
    out.push(`${pid} ${name.slice(0, 20)} ${label} ${choiceOf(step)} ${now === last ? '' : now}`);
    last = now;
  }
  console.log(out.join('\n'));
}
