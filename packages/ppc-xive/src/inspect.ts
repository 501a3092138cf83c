// A POWER VM's interrupt controllers as a kernel engineer reads them: what KVM's debugfs file `xive` shows, dense, and what is mapped and passed through. Letters as in QEMU's `info pic`.

import type { InspectSection } from '@virq/irq-core/backend';
import type { PowerChip } from './chip.ts';
import { DEVICE, type IrqState, PFN, Q_COUNT, VMA, type XiveVcpu } from './kvm/layout.ts';
import { MASKED } from './kvm/priority.ts';
import { machineSections } from './spapr/inspect.ts';

const hex = (v: number | bigint, digits = 0): string => v.toString(16).padStart(digits, '0');
const flag = (on: number, text: string): string => (on === 0 ? '' : ` ${text}`);

function sourceLine(c: PowerChip, s: IrqState, irq: number): string {
  const hw = c.sources.hw(s);
  const pq = `${hw.pq & 2 ? 'P' : '-'}${hw.pq & 1 ? 'Q' : '-'}`;
  const target = s.actPriority === MASKED ? 'masked' : `prio=${s.actPriority} server=${s.actServer}`;
  const guest = c.context.state.device === DEVICE.XICS ? ` guest=${hex(s.guestPriority, 2)}` : ` eisn=${hex(s.eisn)}`;
  const kind = `${s.ptNumber === 0 ? 'IPI' : 'PT '} ${s.lsi === 1 ? 'LSI' : 'MSI'}`;
  return `${hex(irq, 8)} hw=${hex(c.sources.hwNumber(s), 8)} ${kind} ${pq} ${target}${guest}${flag(s.asserted, 'asserted')}`;
}

function queueLines(c: PowerChip, v: XiveVcpu): string[] {
  const lines: string[] = [];
  for (let p = 0; p < Q_COUNT; p++) {
    const q = v.queues.at(p);
    if (q.qpage === 0) continue;
    const position = c.host.opal.queues.state(v.vpId, p);
    const at = position === null ? '-' : `${position.index}^${position.toggle}`;
    const where = q.guestQshift === 0 ? 'host memory' : `@${hex(q.guestQaddr)}`;
    const escalation = q.escVirq === 1 ? ` esc=${hex(q.escIrq - 1)}` : '';
    lines.push(
      `    queue ${p} ${where} ${2 ** (q.qshift - 2)} entries ${at} routed=${q.count}${escalation}${flag(q.dirty, 'dirty')}`,
    );
  }
  return lines;
}

function vcpuLines(c: PowerChip): string[] {
  const { vcpus } = c.context.state;
  return Array.from({ length: vcpus.length }, (_, i) => vcpus.at(i)).flatMap((v, i) => {
    if (v.irqType === DEVICE.NONE) return [];
    const where = v.pushed === 1 ? `thread=${v.thread - 1}` : `w01=${hex(v.saved, 16)}`;
    const xics =
      v.irqType === DEVICE.XICS ? ` CPPR=${hex(v.cppr, 2)} MFRR=${hex(v.mfrr, 2)} pending=${hex(v.pending, 2)}` : '';
    const line = `vCPU ${i} server=${v.serverNum} VP=${hex(v.vpId, 8)} w2=${hex(v.cam, 8)} ${where}${xics}${flag(v.ceded, 'ceded')}${flag(v.irqPending, 'pending')}`;
    return [line, ...queueLines(c, v)];
  });
}

function mappingLines(c: PowerChip): string[] {
  const { vmas } = c.context.state;
  const lines: string[] = [];
  for (let i = 0; i < vmas.length; i++) {
    const v = vmas.at(i);
    if (v.kind === VMA.NONE) continue;
    lines.push(
      `${hex(v.start, 8)}-${hex(v.start + v.pages, 8)} ${v.kind === VMA.TIMA ? 'TIMA' : 'ESB '} file page ${hex(v.pgoff)}`,
    );
  }
  c.mappings.forEachPte((page, pfn) => {
    const number = pfn === PFN.TIMA_OS ? 0 : c.host.opal.irqs.numberOf(PFN.sourceOf(pfn));
    const what =
      pfn === PFN.TIMA_OS ? 'OS view' : `source ${hex(number)} ${PFN.pageOf(pfn) === 0 ? 'trigger' : 'management'}`;
    lines.push(`    ${hex(page, 8)} ${what}`);
  });
  return lines;
}

function passthruLines(c: PowerChip): string[] {
  const { passthru } = c.context.state;
  const lines: string[] = [];
  for (let i = 0; i < passthru.length && passthru.at(i).used === 1; i++) {
    const { gsi, hostIrq } = passthru.at(i);
    lines.push(`${hex(gsi, 8)} ${hostIrq === 0 ? '-' : `irq ${c.host.linuxIrq(hostIrq - 1)}`}`);
  }
  return lines;
}

/** Everything worth seeing. */
export function inspect(c: PowerChip): readonly InspectSection[] {
  const sources: string[] = [];
  c.sources.forEach((s, irq) => void sources.push(sourceLine(c, s, irq)));
  const sections = [
    { title: 'vCPUs', lines: vcpuLines(c) },
    { title: 'Sources (P pending, Q queued, PT passed through)', lines: sources },
    { title: 'Mappings of the device', lines: mappingLines(c) },
    { title: 'Passed-through interrupts', lines: passthruLines(c) },
    ...machineSections(c.spapr, c.state.guest),
  ];
  return sections.filter(({ title, lines }) => title === 'vCPUs' || lines.length > 0);
}
