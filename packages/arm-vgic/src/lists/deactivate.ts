// A DIR that KVM has to do: the interrupt is in no list register of the vCPU. Linux: arch/arm64/kvm/vgic/vgic-v3.c vgic_v3_deactivate, vgic-v2.c vgic_v2_deactivate (7.x).

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { INTID, type Irq } from '../irq/layout.ts';
import { foldLr } from '../lr/fold.ts';
import { LR_STATE } from '../lr/format.ts';
import { computeLr } from '../lr/populate.ts';
import { ackAfter, ackBefore, isAckBusy } from './fold.ts';
import { type VgicMachine, vgicOf } from './world.ts';

const { protocol } = protocolsOn<VgicMachine>();

/** `value` is what the guest wrote to DIR; `irq` is a handle + 1, `holder` 1 + the vCPU whose list has it, `onLr` says that its state is in hardware. */
export const DIR_LOCALS = { vm: u8, vcpu: u16, value: u32, irq: u16, holder: u16, onLr: u1, deactivated: u1 } as const;
type DirFrame = { -readonly [K in keyof typeof DIR_LOCALS]: number };

const SOURCE_SHIFT = 10;
const intidOf = (f: DirFrame): number => (f.value & ~(7 << SOURCE_SHIFT)) >>> 0;
const irqOf = (m: VgicMachine, f: DirFrame): Irq => vgicOf(m, f).irqs.at(f.irq - 1);
const pseudoOf = (m: VgicMachine, f: DirFrame) => vgicOf(m, f).interfaces.at(f.vcpu).pseudo;
const irqLockOf = (m: VgicMachine, f: DirFrame) => irqOf(m, f).irqLock;

/** An SGI of a v2 guest has to be ended with the sender that is served. */
const isOtherSource = (i: Irq, f: DirFrame, v2: boolean): boolean =>
  v2 && i.intid < INTID.PPI && i.activeSource !== ((f.value >>> SOURCE_SHIFT) & 7);

function look(m: VgicMachine, f: DirFrame): void {
  const w = vgicOf(m, f);
  const i = irqOf(m, f);
  const { pseudo } = w.interfaces.at(f.vcpu);
  f.holder = i.vcpu;
  f.onLr = i.onLr;
  if (f.holder === 0 || f.onLr === 1) return;
  if (isOtherSource(i, f, w.v2)) {
    f.holder = 0;
    return;
  }
  computeLr(i, pseudo, w.v2);
  pseudo.state &= ~LR_STATE.ACTIVE;
}

/**
 * A trapped DIR after the exit. Nothing for an interrupt on no list; one in an LR of another vCPU is deactivated as ICACTIVER does it, with all
 * vCPUs stopped; any other by an LR that KVM makes up. Linux: bits 12:10 are taken for a sender on a GICv3 too, so that DIR of 1064 ends 40.
 */
export const vgicDeactivate = protocol('vgic_v3_deactivate', DIR_LOCALS, (p: Combinators<VgicMachine, DirFrame>) => ({
  find(m, f) {
    const w = vgicOf(m, f);
    const intid = intidOf(f);
    if (w.interfaces.at(f.vcpu).vmcr.eoiMode === 0 || intid >= w.spis + INTID.SPI) return DONE;
    f.irq = w.find(f.vcpu, intid) + 1;
  },
  ...p.spinlocked('irq', irqLockOf, { look }),
  choose(m, f): Outcome<'requestPrune'> {
    if (f.holder === 0) return DONE;
    if (f.onLr === 0) return undefined;
    vgicOf(m, f).writeIcactiver(f.vcpu, intidOf(f));
    return 'requestPrune';
  },
  deactivatePhysical(m, f) {
    const pseudo = pseudoOf(m, f);
    if (pseudo.hw === 1) vgicOf(m, f).physical.deactivate(pseudo.pintid);
  },
  ackEarly(m, f): Outcome<never> {
    if (isAckBusy(vgicOf(m, f), pseudoOf(m, f), f)) return BLOCKED;
    ackBefore(vgicOf(m, f), pseudoOf(m, f));
  },
  ...p.spinlocked('folded irq', irqLockOf, {
    fold(m, f) {
      const w = vgicOf(m, f);
      f.deactivated = foldLr(irqOf(m, f), pseudoOf(m, f), w) ? 1 : 0;
    },
  }),
  ackLate(m, f): Outcome<never> {
    if (isAckBusy(vgicOf(m, f), pseudoOf(m, f), f)) return BLOCKED;
    ackAfter(vgicOf(m, f), pseudoOf(m, f), f.deactivated === 1);
  },
  requestPrune: (m, f) => vgicOf(m, f).requestPrune(f.holder - 1),
}));
