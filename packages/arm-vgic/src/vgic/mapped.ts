// Interrupts of a guest that are tied to one of the host: the guest's end of one ends the other. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_map_phys_irq, kvm_vgic_set_owner.

import { EAGAIN, EEXIST, EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../context.ts';
import { INTID } from '../irq/layout.ts';
import type { IrqTable } from './irqs.ts';

/** What is tied to what. */
export interface Mapping {
  readonly vcpu: number;
  readonly intid: number;
  readonly hostIrq: number;
  /** VGIC_IRQ_SW_RESAMPLE: the list register is as for an interrupt of software; KVM deactivates the physical one when neither active nor pending is left. */
  readonly softwareResample: boolean;
}

/** Calls of in-kernel devices. `owner` names a device, 1 to 255. */
export interface MappedIrqs {
  /** kvm_vgic_set_owner: 0, -EAGAIN before initialisation, -EINVAL for what is neither PPI nor SPI, -EEXIST if another device has it. */
  setOwner(vcpu: number, intid: number, owner: number): number;
  /** kvm_vgic_map_phys_irq: 0, or -EINVAL without such a host interrupt or INTID. */
  map(m: Mapping): number;
  /** kvm_vgic_unmap_phys_irq: 0, -EAGAIN before initialisation, -EINVAL for an INTID that there is not. */
  unmap(vcpu: number, intid: number): number;
  /** kvm_vgic_reset_mapped_irq: neither active nor pending; nothing for an interrupt that is not mapped. */
  reset(vcpu: number, intid: number): void;
  /** kvm_vgic_get_map: the host interrupt, -1 for none. */
  get(vcpu: number, intid: number): number;
}

/** Creates them. Abstraction: a host interrupt's number is that of its GIC; the timers of two vCPUs have two. */
export function createMappedIrqs({ vm, state, host }: Context, irqs: IrqTable): MappedIrqs {
  const { dist } = state;
  const { ties } = host;

  function setOwner(vcpu: number, intid: number, owner: number): number {
    if (dist.initialized === 0) return -EAGAIN;
    if (intid < INTID.PPI || intid >= INTID.SPI + dist.nrSpis) return -EINVAL;
    const i = irqs.at(irqs.find(vcpu, intid));
    if (i.owner !== 0 && i.owner !== owner) return -EEXIST;
    i.owner = owner;
    return 0;
  }

  return {
    setOwner,
    map({ vcpu, intid, hostIrq, softwareResample }) {
      const handle = irqs.find(vcpu, intid);
      if (handle < 0 || hostIrq >= ties.count) return -EINVAL;
      const i = irqs.at(handle);
      Object.assign(i, { hw: 1, hostIrq, softwareResample: softwareResample ? 1 : 0 });
      Object.assign(ties.at(hostIrq), { vm: vm + 1, vcpu, intid, owner: i.owner });
      return 0;
    },
    unmap(vcpu, intid) {
      if (dist.initialized === 0) return -EAGAIN;
      const handle = irqs.find(vcpu, intid);
      if (handle < 0) return -EINVAL;
      const i = irqs.at(handle);
      if (i.hw === 1) ties.at(i.hostIrq).vm = 0;
      Object.assign(i, { hw: 0, hostIrq: 0 });
      return 0;
    },
    reset(vcpu, intid) {
      const handle = irqs.find(vcpu, intid);
      if (handle < 0 || irqs.at(handle).hw === 0) return;
      Object.assign(irqs.at(handle), { active: 0, pendingLatch: 0, lineLevel: 0 });
    },
    get(vcpu, intid) {
      const handle = irqs.find(vcpu, intid);
      return handle >= 0 && irqs.at(handle).hw === 1 ? irqs.at(handle).hostIrq : -1;
    },
  };
}
