// An interrupt's IRTE is pointed at a vCPU's descriptor, or back to the host, while the host moves its own side of it. Linux: vmx/posted_intr.c vmx_pi_update_irte, drivers/iommu/intel/irq_remapping.c.

import { u8, u16 } from '@virq/irq-core/arena';
import type { KvmParts } from '@virq/irq-core/kvm';
import { type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { flushIec, postToHost, postToVcpu, setImage, type VtdState, writeImage } from '../iommu/vtd.ts';
import { copyVtdIrte } from '../iommu/vtd-irte.ts';
import { vcpuDescriptor } from '../posted/pi-descriptor.ts';
import { type PostedWorld, vmxOf } from './posted-world.ts';

/** A machine with VT-d. */
export interface VtdWorld extends PostedWorld {
  readonly kvms: readonly Pick<KvmParts, 'state'>[];
  readonly parts: {
    readonly x86: PostedWorld['parts']['x86'] & { readonly vtd: VtdState; linuxIrq(index: number): number };
  };
}

const { protocol } = protocolsOn<VtdWorld>();

/** `irq` counts host irqs from the first message vector; `to` is 1 + vCPU, 0 for the host. */
const LOCALS = { vm: u8, irqfd: u16, irq: u16, to: u16, vector: u8 } as const;
type Frame = { vm: number; irqfd: number; irq: number; to: number; vector: number };

const vtd = (m: VtdWorld): VtdState => m.parts.x86.vtd;
const irq = (m: VtdWorld, f: { irq: number }) => vtd(m).irqs.at(f.irq);
const irqfdOf = (m: VtdWorld, f: Frame) => (m.kvms[f.vm] as VtdWorld['kvms'][number]).state.irqfds.at(f.irqfd);

/** trace_kvm_pi_irte_update. */
function traceUpdate(m: VtdWorld, f: Frame): void {
  const { trace } = vmxOf(m, f);
  if (!trace.on) return;
  const set = f.to === 0 ? 0 : 1;
  const { lo, hi } = vcpuDescriptor(f.vm, f.to - 1);
  const fields = { set, irq: m.parts.x86.linuxIrq(f.irq), vcpu: f.to - 1, gsi: irqfdOf(m, f).gsi, gvec: f.vector };
  trace.emit('kvm_pi_irte_update', { ...fields, address: set ? hi * 0x1_0000_0000 + lo : 0 });
}

/**
 * kvm_pi_update_irte, vmx_pi_update_irte, intel_ir_set_vcpu_affinity, modify_irte: one write of 128 bits, then the flush of the entry cache; until then the IOMMU may
 * go by the old entry. No list of entries is needed: a vCPU that moves edits its descriptor.
 */
export const vmxPiUpdateIrte = protocol('vmx_pi_update_irte', LOCALS, (p: Combinators<VtdWorld, Frame>) => ({
  isPosted: (m, f) => (irqfdOf(m, f).irteVcpu === 0 && f.to === 0 ? DONE : undefined),
  ...p.spinlocked('irq_2_ir', (m) => vtd(m).lock, {
    write(m, f) {
      if (f.to === 0) postToHost(irq(m, f));
      else postToVcpu(irq(m, f), vcpuDescriptor(f.vm, f.to - 1), f.vector);
    },
    flush: (m, f) => flushIec(irq(m, f)),
  }),
  remember(m, f) {
    const irqfd = irqfdOf(m, f);
    irqfd.irteVcpu = f.to;
    irqfd.irteBusy = 0;
    traceUpdate(m, f);
  },
}));

/** The first half of the same before 2454823e97a6: for the host the image as it is, which is not the whole entry of a message that is posted to the host. */
export function writeHostImage(m: VtdWorld, f: Frame): void {
  const d = irq(m, f);
  if (f.to !== 0) return postToVcpu(d, vcpuDescriptor(f.vm, f.to - 1), f.vector);
  d.postedVcpu = 0;
  copyVtdIrte(d.entry, d.image);
}

/** intel_ir_set_affinity: the image follows; the entry only while no vCPU is posted to (688124cc541f). */
export const intelIrSetAffinity = protocol('intel_ir_set_affinity', { irq: u16, cpu: u8 }, (p) => ({
  ...p.spinlocked('irq_2_ir', (m) => vtd(m).lock, {
    setImage(m, f) {
      const d = irq(m, f);
      setImage(d, d.image.vector, f.cpu, vtd(m).x2apic);
    },
    isPostedToVcpu: (m, f) => (irq(m, f).postedVcpu === 1 ? 'unlock irq_2_ir' : undefined),
    write: (m, f) => writeImage(irq(m, f)),
    flush: (m, f) => flushIec(irq(m, f)),
  }),
}));
