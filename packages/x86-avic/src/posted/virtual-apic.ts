// What a CPU does with a guest's virtual-APIC page on its own: pending interrupts, delivery, TPR, EOI, self-IPI. Intel SDM vol. 3 30.1, 30.2.

import type { Lapic } from '../layout.ts';
import { movePir } from './pi-descriptor.ts';
import type { VmxVcpu } from './vmx.ts';

/** A vCPU's registers and its guest interrupt status. */
export interface VirtualApic {
  readonly page: Lapic;
  readonly status: VmxVcpu;
}

/** PPR virtualization: by SVI, whatever the ISR says. */
export function virtualizePpr({ page, status: { svi } }: VirtualApic): void {
  page.ppr = (page.tpr & 0xf0) >= (svi & 0xf0) ? page.tpr : svi & 0xf0;
}

/** Evaluation of pending virtual interrupts: the vector that is recognised, -1 if none is above the PPR. */
export const recognised = ({ page, status: { rvi } }: VirtualApic): number => (rvi >> 4 > page.ppr >> 4 ? rvi : -1);

/** Virtual-interrupt delivery at the next instruction boundary: RVI to service. Returns the vector, -1 if none. */
export function deliverVirtual(v: VirtualApic): number {
  const { page, status } = v;
  virtualizePpr(v);
  const vector = recognised(v);
  if (vector < 0) return -1;
  if (!page.isr.has(vector)) page.isrCount++;
  page.isr.add(vector);
  page.isrCache = 0;
  status.svi = vector;
  page.ppr = vector & 0xf0;
  page.irr.delete(vector);
  status.rvi = Math.max(0, page.irr.highest());
  return vector;
}

/** Posted-interrupt processing: the notification vector has arrived in the guest. ON is cleared, PIR joins the IRR, RVI rises. */
export function takeNotification({ page, status }: VirtualApic): void {
  status.desc.on = 0;
  status.rvi = Math.max(status.rvi, movePir(status.desc, page.irr));
}

/** TPR virtualization. Abstraction: no TPR threshold; without virtual-interrupt delivery KVM would set one. */
export function virtualizeTpr(v: VirtualApic, tpr: number): void {
  v.page.tpr = tpr & 0xff;
  virtualizePpr(v);
}

/** EOI virtualization: what SVI names leaves service. Returns it: the EOI-exit bitmap decides whether KVM is told. */
export function virtualizeEoi(v: VirtualApic): number {
  const { page, status } = v;
  const vector = status.svi;
  if (page.isr.has(vector)) page.isrCount--;
  page.isr.delete(vector);
  page.isrCache = 0;
  status.svi = Math.max(0, page.isr.highest());
  virtualizePpr(v);
  return vector;
}

/** Self-IPI virtualization. */
export function virtualizeSelfIpi({ page, status }: VirtualApic, vector: number): void {
  page.irr.add(vector);
  status.rvi = Math.max(status.rvi, vector);
}
