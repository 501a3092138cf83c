// The host below the VMs as a kernel engineer reads it: CPUs, IRTEs with their images, the GA log.

import type { InspectSection } from '@virq/irq-core/backend';
import { vcpuOfFrame, vmOfFrame } from './avic/tables.ts';
import { destination, type Irte, irteImage, rootFrame } from './iommu/irte.ts';
import { IOMMU } from './iommu/kind.ts';
import type { VtdIrData } from './iommu/vtd.ts';
import { descriptorOf, vtdIrteImage } from './iommu/vtd-irte.ts';
import { ownerOf } from './posted/pi-descriptor.ts';
import type { X86Host } from './x86-host.ts';

const hex = (v: number | bigint, width = 2): string => v.toString(16).padStart(width, '0');

function irteLine(irq: number, e: Irte): string {
  const [lo, hi] = irteImage(e);
  const image = `${hex(hi, 16)}:${hex(lo, 16)}`;
  const flags = `${e.valid ? 'V' : '-'}${e.guestMode ? 'G' : '-'}${e.isRun ? 'R' : '-'}${e.gaLogIntr ? 'L' : '-'}`;
  if (e.guestMode === 0) return `irq ${irq}  ${flags}  vec ${hex(e.vector)} → cpu ${destination(e)}  ${image}`;
  const frame = rootFrame(e);
  return `irq ${irq}  ${flags}  vec ${hex(e.vector)} → VM ${vmOfFrame(frame)} vCPU ${vcpuOfFrame(frame)}  tag ${hex(e.gaTag, 1)}  cpu ${destination(e)}  ${image}`;
}

function vtdLine(irq: number, { entry: e, postedVcpu, hostCpu }: VtdIrData): string {
  const [lo, hi] = vtdIrteImage(e);
  const flags = `${e.present ? 'P' : '-'}${e.pst ? 'I' : '-'}${e.urgent ? 'U' : '-'}${postedVcpu ? 'V' : '-'}`;
  const { vm, index } = ownerOf(descriptorOf(e));
  const to = e.pst === 0 ? `cpu ${hostCpu}` : vm < 0 ? `descriptor of cpu ${index}` : `VM ${vm} vCPU ${index}`;
  return `irq ${irq}  ${flags}  vec ${hex(e.vector)} → ${to}  sid ${hex(e.sid, 4)}  ${hex(hi, 16)}:${hex(lo, 16)}`;
}

/** VT-d's entries, and who waits for the wake-up vector. */
function vtdSections({ vtd, posted, linuxIrq }: X86Host): readonly InspectSection[] {
  const irqs = Array.from({ length: vtd.irqs.length }, (_, i) => i).filter((i) => vtd.irqs.at(i).used === 1);
  const { wakeups } = posted.state;
  const lists = Array.from({ length: wakeups.length }, (_, cpu) => ({ cpu, slots: wakeups.at(cpu).vcpus.list() }));
  const name = (slot: number): string => `VM ${posted.ownerOf(slot).vm} vCPU ${posted.ownerOf(slot).vcpu}`;
  return [
    {
      title: 'IRTEs (P present, I posted, U urgent, V to a vCPU)',
      lines: irqs.map((i) => vtdLine(linuxIrq(i), vtd.irqs.at(i))),
    },
    {
      title: 'Wake-up lists',
      lines: lists.filter((l) => l.slots.length > 0).map((l) => `cpu ${l.cpu}  ${l.slots.map(name).join('  ')}`),
    },
  ];
}

/** CPUs in use, entries in use, the log. Nothing on a host without either. */
export function hostInspect(host: X86Host): readonly InspectSection[] {
  const { cpus, amd, iommu } = host.state;
  const busy = Array.from({ length: cpus.length }, (_, cpu) => cpu).filter((cpu) => cpus.at(cpu).vm !== 0);
  const irqs = Array.from({ length: amd.irqs.length }, (_, i) => i).filter((i) => amd.irqs.at(i).used === 1);
  const sections: InspectSection[] = [
    {
      title: 'CPUs (G in the guest, D doorbell, N notification, W wake-up on their way)',
      lines: busy.map((cpu) => {
        const c = cpus.at(cpu);
        return `cpu ${cpu}  VM ${c.vm - 1} vCPU ${c.vcpu}  ${c.inGuest ? 'G' : '-'}${c.doorbell ? 'D' : '-'}${c.notification ? 'N' : '-'}${c.wakeup ? 'W' : '-'}`;
      }),
    },
  ];
  if (iommu === IOMMU.intel) sections.push(...vtdSections(host));
  if (iommu === IOMMU.amd)
    sections.push(
      {
        title: 'IRTEs (V valid, G guest mode, R IsRun, L GALogIntr)',
        lines: irqs.map((i) => irteLine(host.linuxIrq(i), amd.irqs.at(i).entry)),
      },
      {
        title: 'GA log',
        lines: [`head ${amd.gaLog.head}  tail ${amd.gaLog.tail}${amd.gaLog.overflow ? '  overflow' : ''}`],
      },
    );
  return sections.filter((s) => s.lines.length > 0);
}
