// List registers and the rest of a virtual CPU interface as state. Arm IHI 0048B 5.3 GICH registers, IHI 0069 ICH_*_EL2; Linux: struct vgic_v2_cpu_if, vgic_v3_cpu_if.

import { array, bits, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';

/** One list register by its fields, in either format; `state` is an LR_STATE, `pintid` counts if `hw` is set, `source` is the sender of a v2 SGI. */
export const Lr = struct('lr', {
  intid: u32,
  state: bits(2),
  group: u1,
  hw: u1,
  eoi: u1,
  source: bits(3),
  pintid: bits(13),
  priority: u8,
});
export type Lr = View<typeof Lr>;

/** VMCR: what the guest has set. Zero is the reset value: PMR 0 masks everything. */
export const Vmcr = struct('vmcr', {
  enable0: u1,
  enable1: u1,
  ackCtl: u1,
  fiqEn: u1,
  cbpr: u1,
  eoiMode: u1,
  bpr0: bits(3),
  bpr1: bits(3),
  pmr: u8,
});
export type Vmcr = View<typeof Vmcr>;

/** HCR: what KVM asks of the hardware. `group0On` stands for VGrp0EIE, `group0Off` for VGrp0DIE; `eoiCount` counts to 31 and wraps. */
export const Hcr = struct('hcr', {
  en: u1,
  uie: u1,
  lrenpie: u1,
  npie: u1,
  group0On: u1,
  group0Off: u1,
  group1On: u1,
  group1Off: u1,
  tdir: u1,
  sgiEoiCount: u1,
  eoiCount: bits(5),
});
export type Hcr = View<typeof Hcr>;

/** What the redistributor presents beside the list registers (GICv4): the highest virtual LPI or SGI that is pending in the table of the vPE that is resident. Zero: nothing. */
export const Direct = struct('direct', { pending: u1, group: u1, priority: u8, intid: u32 });
export type Direct = View<typeof Direct>;

/** The most list registers KVM uses: ICH_VTR_EL2 with its low four bits. A GICv2 can have 64, none has more than these. */
export const MAX_LRS = 16;

/**
 * A virtual CPU interface. LRs 0..used-1 are filled, those from `dirty` on are empty words; `last` is 1 + the handle of the interrupt in the last one if all are, 0 else.
 * `pseudo` is the LR that KVM makes up to deactivate an interrupt in none. `ap0` and `ap1` are the active priorities of the two groups, 32 levels a word.
 */
export const CpuInterface = struct('cpuInterface', {
  lrs: array(Lr, MAX_LRS),
  direct: Direct,
  used: u8,
  dirty: u8,
  last: u16,
  pseudo: Lr,
  vmcr: Vmcr,
  hcr: Hcr,
  ap0: array(u32, 4),
  ap1: array(u32, 4),
});
export type CpuInterface = View<typeof CpuInterface>;
