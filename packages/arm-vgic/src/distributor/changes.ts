// What one bit or byte of a register does to its interrupt, under the interrupt's lock. Linux: arch/arm64/kvm/vgic/vgic-mmio.c, vgic-mmio-v2.c, vgic-mmio-v3.c.

import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { isMappedLevel } from '../irq/state.ts';
import type { Change } from '../lists/queue.ts';
import type { VgicLists } from '../lists/world.ts';

/** Bits of a priority that KVM has: VGIC_PRI_BITS is 5. */
const PRIORITY = 0xf8;
/** ICFGR: the upper bit of an interrupt's two. */
const EDGE = 2;

const isSgi = (i: Irq): boolean => i.intid < INTID.PPI;
/** An SGI that is the hardware's (GICv4.1). */
const isHwSgi = (i: Irq): boolean => i.hw === 1 && isSgi(i);
const isV2Sgi = (i: Irq, w: VgicLists): boolean => w.v2 && isSgi(i);

/** What the hardware has to know of an SGI that is its own. */
const configure = (i: Irq, w: VgicLists): void => w.physical.configureSgi(i.hostIrq, i.priority, i.group);

/** IGROUPR, bit `level`. */
export const writeGroup: Change = (i, f, w) => {
  i.group = f.level;
  if (!isHwSgi(i)) return true;
  configure(i, w);
  return false;
};

/** The device of a mapped level interrupt can have changed its line while the guest had it off. */
function resample(i: Irq, { physical }: VgicLists): void {
  const was = i.lineLevel;
  i.lineLevel = physical.line(i.hostIrq);
  if (i.active === 0 && was === 1 && i.lineLevel === 0) physical.setActive(i.hostIrq, 0);
}

/** ISENABLER by the guest. One that is on already is queued again. */
export const guestEnable: Change = (i, _f, w) => {
  if (isHwSgi(i)) {
    if (i.enabled === 0) w.physical.setEnabled(i.hostIrq, 1);
    i.enabled = 1;
    return false;
  }
  if (isMappedLevel(i)) resample(i, w);
  i.enabled = 1;
  return true;
};

/** ISENABLER by user space. */
export const userEnable: Change = (i) => {
  i.enabled = 1;
  return true;
};

/** ICENABLER by the guest: nothing is taken off a list or out of an LR. */
export const guestDisable: Change = (i, _f, w) => {
  if (isHwSgi(i) && i.enabled === 1) w.physical.setEnabled(i.hostIrq, 0);
  i.enabled = 0;
  return false;
};

/** ICENABLER by user space. */
export const userDisable: Change = (i) => {
  i.enabled = 0;
  return false;
};

/** ISPENDR by the guest. SGIs of a GICv2 are left alone. A mapped one is made active below, so that its device cannot interrupt again before the guest is done. */
export const guestSetPending: Change = (i, _f, w) => {
  if (isV2Sgi(i, w)) return false;
  if (isHwSgi(i)) {
    w.physical.setPending(i.hostIrq, 1);
    return false;
  }
  i.pendingLatch = 1;
  if (i.hw === 1) w.physical.setActive(i.hostIrq, 1);
  return true;
};

/** ISPENDR by user space; `value` is the bit of the vCPU whose register it is, which a SGI of a GICv2 gets for a sender. */
export const userSetPending: Change = (i, f, w) => {
  if (isHwSgi(i)) {
    w.physical.setPending(i.hostIrq, 1);
    return false;
  }
  if (isV2Sgi(i, w)) i.source |= f.value;
  i.pendingLatch = 1;
  return true;
};

/** Clears the latch; the line too where they are one bit, as before faa1b46c3e9f. */
function clearLatch(i: Irq, w: VgicLists): void {
  i.pendingLatch = 0;
  if (w.isSingleBit === true) i.lineLevel = 0;
}

/** ICPENDR by the guest: the latch, never the line. */
export const guestClearPending: Change = (i, _f, w) => {
  if (isV2Sgi(i, w)) return false;
  if (!isHwSgi(i)) clearLatch(i, w);
  if (i.hw === 0) return false;
  w.physical.setPending(i.hostIrq, 0);
  if (!isSgi(i) && i.active === 0) w.physical.setActive(i.hostIrq, 0);
  return false;
};

/** ICPENDR of a GICv2 by user space, and bits of 0 in ISPENDR of a GICv3: the latch is what user space saves. */
export const userClearPending: Change = (i, _f, w) => {
  if (isHwSgi(i)) {
    w.physical.setPending(i.hostIrq, 0);
    return false;
  }
  if (isV2Sgi(i, w)) i.source = 0;
  clearLatch(i, w);
  return false;
};

/** ISACTIVER and ICACTIVER; `owner` is 0 for user space, else 1 + vcpu_id of the vCPU that makes the access (GICv2). */
export const writeActive: Change = (i, f, w) => {
  if (isHwSgi(i)) i.active = 0;
  else if (i.hw === 0) {
    i.active = f.level;
    if (isV2Sgi(i, w) && f.level === 1) i.activeSource = Math.max(0, f.owner - 1);
  } else if (f.owner !== 0) {
    i.active = f.level;
    w.physical.setActive(i.hostIrq, f.level);
  }
  return i.active === 1;
};

/** IPRIORITYR: seen when LRs are next filled. */
export const writePriority: Change = (i, f, w) => {
  i.priority = f.value & PRIORITY;
  if (isHwSgi(i)) configure(i, w);
  return false;
};

/** ICFGR: fixed for private interrupts; latch and line stay. */
export const writeConfig: Change = (i, f) => {
  if (i.intid >= INTID.SPI) i.config = (f.value & EDGE) === 0 ? CONFIG.LEVEL : CONFIG.EDGE;
  return false;
};

/** ITARGETSR: the byte as kept, and the vCPU that follows from it. What is on a list moves when its holder exits. */
export const writeTargets: Change = (i, f) => {
  i.targets = f.value;
  i.target = f.target;
  return false;
};

/** IROUTER: affinity, and the vCPU that has it now. */
export const writeRouter: Change = (i, f) => {
  i.mpidr = f.value;
  i.target = f.target;
  return false;
};

/** SGIR, and bytes of SPENDSGIR: senders are added. */
export const addSenders: Change = (i, f) => {
  i.source |= f.value;
  if (i.source === 0) return false;
  i.pendingLatch = 1;
  return true;
};

/** A byte of CPENDSGIR. */
export const removeSenders: Change = (i, f) => {
  i.source &= ~f.value;
  if (i.source === 0) i.pendingLatch = 0;
  return false;
};

/** ICC_SGI1R and its like; `level` says that the register reaches group 1 too. */
export const generateSgi: Change = (i, f, w) => {
  if (i.group === 1 && f.level === 0) return false;
  if (i.hw === 1) {
    w.physical.setPending(i.hostIrq, 1);
    return false;
  }
  i.pendingLatch = 1;
  return true;
};
