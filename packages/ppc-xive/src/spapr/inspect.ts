// A pseries machine as QEMU's `info pic` shows it: a line per LISN, with the queue that it goes to. QEMU: hw/intc/spapr_xive.c spapr_xive_pic_print_info.

import type { InspectSection } from '@virq/irq-core/backend';
import type { GuestState } from '../guest/layout.ts';
import { FIRST_IRQ } from '../guest/layout.ts';
import { DEVICE } from '../kvm/layout.ts';
import type { Spapr } from './spapr.ts';
import { easParts, endParts } from './tables.ts';

const hex = (v: number | bigint, digits = 0): string => v.toString(16).padStart(digits, '0');

/** CPU and priority of a queue, its size and place; position as QEMU has last seen it. */
function queueText(spapr: Spapr, index: number): string {
  const { valid, qaddr, qsize, index: at, generation } = endParts(spapr.tables.end(index));
  if (!valid) return ` ${index >>> 3}/${index & 7} -`;
  return ` ${index >>> 3}/${index & 7} ${at}/${2 ** (qsize - 2)} @${hex(qaddr)} ^${generation}`;
}

function lisnLines(spapr: Spapr): string[] {
  const lines: string[] = [];
  spapr.tables.forEach((irq, lisn) => {
    const { end, masked, data } = easParts(irq.eas);
    const kind = `${irq.lsi === 1 ? 'LSI' : 'MSI'}${irq.asserted === 1 ? ' A' : ''}`;
    lines.push(`${hex(lisn, 8)} ${kind} ${masked ? 'M' : ' '} ${hex(data, 8)}${masked ? '' : queueText(spapr, end)}`);
  });
  return lines;
}

const cpuLine = (guest: GuestState, cpu: number): string => {
  const c = guest.cpus.at(cpu);
  const queue = c.qpage === 0 ? 'no EQ' : `EQ @${hex((c.qpage - 1) * 4096)} ${c.idx} T=${c.toggle} count=${c.count}`;
  return `CPU ${cpu}: pp=${hex(c.pendingPrio, 2)} CPPR=${hex(c.cppr, 2)} ${queue}${c.replay === 1 ? ' replay' : ''}`;
};

function irqLines(guest: GuestState): string[] {
  const lines: string[] = [];
  for (let slot = 1; slot < guest.irqs.length; slot++) {
    const i = guest.irqs.at(slot);
    if (i.mapped === 0) continue;
    const flags = [i.lsi === 1 ? 'LSI' : '', i.savedP === 1 ? 'saved' : '', i.staleP === 1 ? 'stale' : ''].filter(
      Boolean,
    );
    const target = i.target === 0 ? 'no target' : `target=${i.target - 1}`;
    lines.push([`irq ${FIRST_IRQ + slot}: hwirq=0x${hex(i.lisn)} ${target}`, ...flags].join(' '));
  }
  return lines;
}

/** Sections of the machine and of the Linux in it; none for a VM without a machine. */
export function machineSections(spapr: Spapr, guest: GuestState): readonly InspectSection[] {
  if (spapr.state.icMode === 0) return [];
  const mode = ['none', 'XIVE', 'XICS'][spapr.state.active] as string;
  const title = `pseries, ${mode}${spapr.state.inKernel === 1 ? '' : ' (emulated, not modelled)'}: LISN, EISN, CPU/priority, EQ`;
  const cpus = Array.from({ length: guest.cpus.length }, (_, cpu) => cpu).filter(
    (cpu) => guest.cpus.at(cpu).online === 1,
  );
  return [
    { title, lines: spapr.state.active === DEVICE.NONE ? [] : lisnLines(spapr) },
    { title: 'Linux guest', lines: [...cpus.map((cpu) => cpuLine(guest, cpu)), ...irqLines(guest)] },
  ];
}
