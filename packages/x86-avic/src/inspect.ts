// The chips as a kernel engineer reads them: one dense line per pin, chip and LAPIC, `-` for a clear flag.

import type { InspectSection } from '@virq/irq-core/backend';
import { physicalId } from './apic-map.ts';
import { reasonsIn } from './avic/inhibit.ts';
import { APICV, entryImage, logicalImage, logicalIndex } from './avic/tables.ts';
import type { X86Chip } from './chip.ts';
import { DELIVERY_MODE } from './events.ts';
import { RTE } from './ioapic.ts';
import { isHwEnabled, isX2apic } from './lapic.ts';
import { IOAPIC_PINS } from './layout.ts';

const flag = (on: number | boolean, letter: string): string => (on ? letter : '-');
const hex = (v: number, width = 2): string => (v >>> 0).toString(16).padStart(width, '0');
const vectors = (list: readonly number[]): string => (list.length === 0 ? '-' : list.map((v) => hex(v)).join(' '));

function ioapicLine(c: X86Chip, pin: number): string {
  const e = c.ioapic.entry(pin);
  const { irr } = c.state.ioapic;
  const flags = [
    flag(irr & (1 << pin), 'I'),
    flag(e.lo & RTE.REMOTE_IRR, 'R'),
    flag(e.lo & RTE.MASK, 'M'),
    flag(e.lo & RTE.LEVEL, 'L'),
  ];
  const dest = `${e.lo & RTE.LOGICAL ? 'logical' : 'physical'} ${hex(e.hi >>> 24)}`;
  return `pin ${String(pin).padStart(2)}  ${flags.join('')}  vec ${hex(e.lo & 0xff)}  ${DELIVERY_MODE[(e.lo >> 8) & 7]}  ${dest}  sources ${hex(e.sources, 1)}`;
}

function picLine(c: X86Chip, index: number): string {
  const p = c.pic.chip(index);
  return `${index === 0 ? 'master' : 'slave '}  irr ${hex(p.irr)}  imr ${hex(p.imr)}  isr ${hex(p.isr)}  elcr ${hex(p.elcr)}  base ${hex(p.irqBase)}  ${flag(p.autoEoi, 'A')}${flag(p.specialFullyNestedMode, 'N')}`;
}

function lapicLine(c: X86Chip, vcpu: number): string {
  const a = c.lapics.at(vcpu);
  const mode = isX2apic(a) ? 'x2APIC' : isHwEnabled(a) ? 'xAPIC' : 'off';
  return `vCPU ${vcpu}  ${mode} id ${hex(physicalId(a))}  tpr ${hex(a.tpr)} ppr ${hex(a.ppr)}  irr ${vectors(a.irr.list())}  isr ${vectors(a.isr.list())}  tmr ${vectors(a.tmr.list())}`;
}

function descriptorLine(c: X86Chip, vcpu: number): string {
  const { desc, rvi, svi } = c.vmx.at(vcpu);
  const flags = `${flag(desc.on, 'O')}${flag(desc.sn, 'S')}`;
  return `vCPU ${vcpu}  ${flags}  nv ${hex(desc.nv)} ndst ${hex(desc.ndst)}  pir ${vectors(desc.pir.list())}  rvi ${hex(rvi)} svi ${hex(svi)}`;
}

/** The vCPU's entry in the physical table, its logical entry if it has one, the host irqs that post to it. */
function avicLine({ avic }: X86Chip, vcpu: number): string {
  const v = avic.at(vcpu);
  const entry = avic.tableEntry(vcpu);
  const index = logicalIndex(v.ldr, v.dfr === 0xffffffff);
  const logical = index < 0 ? null : avic.state.logical.at(index);
  const irqs = v.irList.list().map((i) => avic.host.linuxIrq(i));
  return [
    `vCPU ${vcpu}  ${flag(v.active, 'A')}${flag(v.entry.isRunning, 'R')}`,
    `entry ${entry === null ? 'none' : entryImage(entry).toString(16).padStart(16, '0')}`,
    `logical ${logical === null ? '-' : `[${index}] ${hex(logicalImage(logical), 8)}`}`,
    `irqs ${irqs.length === 0 ? '-' : irqs.join(' ')}`,
  ].join('  ');
}

/** Tables and reasons; nothing without AVIC. */
function avicSection(c: X86Chip): readonly InspectSection[] {
  if (c.avic.mode === APICV.NONE || c.avic.mode === APICV.VMX) return [];
  const reasons = reasonsIn(c.avic.state.inhibits);
  const title = `AVIC (A active, R running${reasons.length === 0 ? '' : `; inhibited by ${reasons.join(', ')}`})`;
  return [{ title, lines: Array.from({ length: c.lapics.count }, (_, v) => avicLine(c, v)) }];
}

/** Everything worth seeing; IOAPIC pins at reset are left out. */
export function inspect(c: X86Chip): readonly InspectSection[] {
  const pins = Array.from({ length: IOAPIC_PINS }, (_, pin) => pin).filter((pin) => {
    const e = c.ioapic.entry(pin);
    return e.lo !== RTE.MASK || e.hi !== 0 || c.state.ioapic.irr & (1 << pin);
  });
  const posted = {
    title: 'Posted-interrupt descriptors (O outstanding, S suppressed)',
    lines: Array.from({ length: c.vmx.state.vcpus.length }, (_, v) => descriptorLine(c, v)),
  };
  return [
    ...(posted.lines.length === 0 ? [] : [posted]),
    { title: 'LAPIC', lines: Array.from({ length: c.lapics.count }, (_, v) => lapicLine(c, v)) },
    ...avicSection(c),
    { title: 'IOAPIC (I irr, R remote irr, M masked, L level)', lines: pins.map((pin) => ioapicLine(c, pin)) },
    {
      title: `PIC (INTR ${flag(c.pic.output(), 'high')}, A auto EOI, N special fully nested)`,
      lines: [0, 1].map((i) => picLine(c, i)),
    },
  ];
}
