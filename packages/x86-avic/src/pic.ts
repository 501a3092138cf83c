// The 8259A pair as KVM models it: pin changes, evaluation, INTA, EOI, save and restore. Linux: arch/x86/kvm/i8259.c.

import { CHIP, type Context, X86_REQ } from './context.ts';
import type { PicChip } from './layout.ts';
import { requestOf } from './pic-priority.ts';

/** The pair. Pins are 0..15, the slave's from 8. */
export interface PicPair {
  /** kvm_pic_set_irq: -1 masked, 0 coalesced, 1 taken. */
  setPin(pin: number, source: number, level: number): number;
  /** kvm_pic_read_irq: INTA. Returns the vector, a spurious one if nothing is requested. */
  inta(): number;
  /** True while the pair asserts INTR to the CPU. */
  output(): boolean;
  chip(index: number): PicChip;
  /** Re-evaluates both chips and wakes the vCPU that takes PIC interrupts (pic_update_irq, pic_unlock). */
  update(): void;
  /** pic_clear_isr: clears one in-service bit and notifies the ack notifiers, lock dropped. */
  clearIsr(chip: number, irq: number): void;
  clearSource(source: number): void;
  /** True if some vCPU accepts PIC interrupts through LINT0; bound by the LAPIC side. */
  bindAcceptor(firstAcceptor: () => number): void;
  /** Index of that vCPU, -1 if none. */
  acceptor(): number;
}

const ELCR_MASKS = [0xf8, 0xde] as const;

/** pic_set_irq1 without the mask: 1 taken, 0 coalesced. */
function change(chip: PicChip, bit: number, level: number): number {
  const known = (chip.irr & bit) !== 0;
  if ((chip.elcr & bit) !== 0) {
    chip.irr = level ? chip.irr | bit : chip.irr & ~bit;
    chip.lastIrr = level ? chip.lastIrr | bit : chip.lastIrr & ~bit;
    return level && known ? 0 : 1;
  }
  if (!level) {
    chip.lastIrr &= ~bit;
    return 1;
  }
  if ((chip.lastIrr & bit) !== 0) return 1;
  chip.irr |= bit;
  chip.lastIrr |= bit;
  return known ? 0 : 1;
}

const setPin1 = (chip: PicChip, bit: number, level: number): number => {
  const taken = change(chip, bit, level);
  return (chip.imr & bit) !== 0 ? -1 : taken;
};

/** pic_intack: into service; an edge request is used up, a level one stays. */
function acknowledge(pair: PicPair, index: number, irq: number): void {
  const chip = pair.chip(index);
  const bit = 1 << irq;
  chip.isr |= bit;
  if ((chip.elcr & bit) === 0) chip.irr &= ~bit;
  if (chip.autoEoi === 0) return;
  if (chip.rotateOnAutoEoi === 1) chip.priorityAdd = (irq + 1) & 7;
  pair.clearIsr(index, irq);
}

/** Creates the pair over its state; reset state is all zero but for the ELCR masks. */
export function createPic(ctx: Context): PicPair {
  const { pic } = ctx.state;
  const master = pic.chips.at(0);
  const slave = pic.chips.at(1);
  for (const [i, mask] of ELCR_MASKS.entries()) pic.chips.at(i).elcrMask = mask;
  let firstAcceptor = (): number => -1;

  /** pic_update_irq. */
  function evaluate(): void {
    if (requestOf(slave, false) >= 0) {
      setPin1(master, 1 << 2, 1);
      setPin1(master, 1 << 2, 0);
    }
    const output = requestOf(master, true) >= 0 ? 1 : 0;
    if (pic.output === 0 && output === 1) pic.wakeupNeeded = 1;
    pic.output = output;
  }

  /** pic_unlock: the wake-up happens when the lock is dropped. */
  function unlock(): void {
    if (pic.wakeupNeeded === 0) return;
    pic.wakeupNeeded = 0;
    const vcpu = firstAcceptor();
    if (vcpu < 0) return;
    ctx.kvm.vcpus.request(vcpu, X86_REQ.EVENT);
    ctx.kvm.vcpus.kick(vcpu);
  }

  function report(pin: number, ret: number): void {
    const chip = pic.chips.at(pin >> 3);
    const bit = 1 << (pin & 7);
    ctx.trace.emit('kvm_pic_set_irq', {
      chip: pin >> 3,
      pin: pin & 7,
      trigger: chip.elcr & bit ? 1 : 0,
      masked: chip.imr & bit ? 1 : 0,
      coalesced: ret === 0 ? 1 : 0,
    });
  }

  const pair: PicPair = {
    setPin(pin, source, level) {
      const before = pic.sources.get(pin);
      const sources = level ? before | (1 << source) : before & ~(1 << source);
      pic.sources.set(pin, sources);
      const ret = setPin1(pic.chips.at(pin >> 3), 1 << (pin & 7), sources !== 0 ? 1 : 0);
      evaluate();
      if (ctx.trace.on) report(pin, ret);
      unlock();
      return ret;
    },
    inta() {
      pic.output = 0;
      let vector = master.irqBase + 7;
      const irq = requestOf(master, true);
      if (irq >= 0) {
        acknowledge(pair, 0, irq);
        vector = master.irqBase + irq;
      }
      if (irq === 2) {
        const second = requestOf(slave, false);
        if (second >= 0) acknowledge(pair, 1, second);
        vector = slave.irqBase + (second >= 0 ? second : 7);
      }
      pair.update();
      return vector;
    },
    output: () => pic.output === 1,
    chip: (index) => (index === 0 ? master : slave),
    update() {
      evaluate();
      unlock();
    },
    clearIsr(index, irq) {
      pair.chip(index).isr &= ~(1 << irq);
      ctx.kvm.notifyAckedIrq(index === 0 ? CHIP.PIC_MASTER : CHIP.PIC_SLAVE, index * 8 + irq);
    },
    clearSource(source) {
      for (let pin = 0; pin < pic.sources.length; pin++) pic.sources.set(pin, pic.sources.get(pin) & ~(1 << source));
    },
    bindAcceptor(f) {
      firstAcceptor = f;
    },
    acceptor: () => firstAcceptor(),
  };
  return pair;
}
