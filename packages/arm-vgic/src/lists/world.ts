// A VM as the ap_list paths see it: its interrupts, lists and CPU interfaces, and what they ask of the rest of KVM.

import type { ApList, Irq } from '../irq/layout.ts';
import { oracle } from '../irq/state.ts';
import type { PhysicalIrq } from '../lr/fold.ts';
import type { LrForm } from '../lr/forms.ts';
import type { CpuInterface } from '../lr/layout.ts';
import type { Plain } from '../plain/index.ts';
import type { Irqs } from './ap-list.ts';

/** Host interrupts that are tied to the guest's, by their number: what KVM reads and sets of them (irq_get_irqchip_state, irq_set_irqchip_state). */
export interface Physical extends PhysicalIrq {
  deactivate(hostIrq: number): void;
  setActive(hostIrq: number, on: number): void;
  isPending(hostIrq: number): boolean;
  setPending(hostIrq: number, on: number): void;
  /** enable_irq, disable_irq. */
  setEnabled(hostIrq: number, on: number): void;
  /** its_prop_update_vsgi. */
  configureSgi(hostIrq: number, priority: number, group: number): void;
}

/** The VGIC of one VM. vCPUs go by index, interrupts by handle. */
export interface VgicLists {
  readonly form: LrForm;
  /** Version of the host's GIC, which says how LRs are read back. */
  readonly host: 2 | 3;
  /** The guest's GIC is a GICv2. */
  readonly v2: boolean;
  /** Input line and pending latch are one bit to those who clear it (Linux before faa1b46c3e9f). */
  readonly isSingleBit?: boolean;
  /** LRs in use, 1 to 16. */
  readonly nrLr: number;
  readonly spis: number;
  /** The hardware can trap DIR by itself; where it cannot, DIR is trapped always. */
  readonly hasTdir: boolean;
  readonly irqs: Irqs;
  /** Plain interrupts in one go; null where all goes by views. */
  readonly plain?: Plain | null;
  readonly apLists: { at(vcpu: number): ApList };
  readonly interfaces: { at(vcpu: number): CpuInterface };
  /** vgic_dist.active_spis: SPIs that were put on a list and not ended since, as KVM counts them. */
  readonly counters: { activeSpis: number };
  readonly physical: Physical;
  isDistributorEnabled(): boolean;
  /** VMCR.PMR as KVM has last read it back. */
  maskOf(vcpu: number): number;
  /** vpe.pending_last: a vLPI waits. */
  hasVlpi(vcpu: number): boolean;
  /** vcpu_id, by which two list locks are ordered. */
  idOf(vcpu: number): number;
  /** Handle of the interrupt as the vCPU sees it, -1 for none. */
  find(vcpu: number, intid: number): number;
  /** Reference of a list to an LPI; nothing for others. */
  getRef(handle: number): void;
  putRef(handle: number): void;
  /** Requests IRQ_PENDING and kicks. */
  kick(vcpu: number): void;
  kickAll(): void;
  /** Asks the vCPU to prune its list (KVM_REQ_VGIC_PROCESS_UPDATE), without a kick. */
  requestPrune(vcpu: number): void;
  /** A guest's write of one bit to ICACTIVER: all vCPUs are stopped for it. */
  writeIcactiver(vcpu: number, intid: number): void;
  /** kvm_notify_acked_irq of a pin, which is the INTID - 32. */
  notifyAcked(pin: number): void;
}

/** A machine that has VGICs. */
export interface VgicMachine {
  readonly vms: readonly { readonly chip: { readonly lists: VgicLists } }[];
}

/** The VGIC that a frame is about. */
export const vgicOf = (m: VgicMachine, f: { vm: number }): VgicLists => {
  const { lists } = (m.vms[f.vm] as VgicMachine['vms'][number]).chip;
  return lists;
};

/** vgic_target_oracle: 1 + index of a vCPU, 0 for none. */
export const targetOf = (w: VgicLists, i: Irq): number => oracle(i, w.isDistributorEnabled());

/** Whether an injection would spin for the lock of the interrupt, or for that of the list on which it may have to put it. */
export const isInputBusy = (w: VgicLists, i: Irq): boolean =>
  i.irqLock.holder !== 0 || (i.vcpu === 0 && i.target !== 0 && w.apLists.at(i.target - 1).apLock.holder !== 0);
