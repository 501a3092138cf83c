// A POWER VM's interrupt controllers as a kernel engineer reads them: a line per source, as in KVM's debugfs file `xive` and QEMU's `info pic`.

import type { InspectSection } from '@virq/irq-core/backend';
import type { PowerChip } from './chip.ts';
import type { IrqState } from './kvm/layout.ts';
import { machineSections } from './spapr/inspect.ts';

const hex = (v: number, digits = 0): string => v.toString(16).padStart(digits, '0');

function sourceLine(c: PowerChip, s: IrqState, irq: number): string {
  const hw = c.sources.hw(s);
  const pq = `${hw.pq & 2 ? 'P' : '-'}${hw.pq & 1 ? 'Q' : '-'}`;
  const target = s.actPriority === 0xff ? 'masked' : `prio=${s.actPriority} server=${s.actServer} eisn=${hex(s.eisn)}`;
  return `${hex(irq, 8)} hw=${hex(c.sources.hwNumber(s), 8)} ${s.ptNumber === 0 ? 'IPI' : 'PT '} ${s.lsi === 1 ? 'LSI' : 'MSI'}${s.asserted === 1 ? ' asserted' : ''} ${pq} ${target}`;
}

/** Everything worth seeing. */
export function inspect(c: PowerChip): readonly InspectSection[] {
  const lines: string[] = [];
  c.sources.forEach((s, irq) => void lines.push(sourceLine(c, s, irq)));
  return [
    { title: 'Sources (P pending, Q queued, PT passed through)', lines },
    ...machineSections(c.spapr, c.state.guest),
  ];
}
