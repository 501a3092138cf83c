// GICR_CTLR.EnableLPIs goes from 1 to 0: LPIs leave the vCPU's list, then translations are forgotten. Linux: vgic-mmio-v3.c vgic_mmio_write_v3r_ctlr, vgic.c vgic_flush_pending_lpis.

import { u8, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { INTID } from '../irq/layout.ts';
import { FORGET_LOCALS, type ForgetFrame, vgicItsInvalidateAllCaches } from '../its/protocols/forget.ts';
import { type ItsMachine, policyOf } from '../its/protocols/world.ts';
import { remove } from '../lists/ap-list.ts';
import { type RegisterMachine, registersOf } from './world.ts';

const { protocol } = protocolsOn<DisableMachine>();

/** Registers, and ITSs whose caches know LPIs. */
type DisableMachine = RegisterMachine & ItsMachine;

/** `irq` and `next` are handles + 1. */
const DISABLE_LOCALS = { ...FORGET_LOCALS, vm: u8, vcpu: u16, irq: u16, next: u16 } as const;
type DisableFrame = ForgetFrame & { vcpu: number; irq: number; next: number };

const redistOf = (m: RegisterMachine, f: DisableFrame) => registersOf(m, f).state.redists.at(f.vcpu);
const listOf = (m: RegisterMachine, f: DisableFrame) => registersOf(m, f).lists.apLists.at(f.vcpu);
const irqOf = (m: RegisterMachine, f: DisableFrame) => registersOf(m, f).lists.irqs.at(f.irq - 1);

/** Off the list, and not pending any more; to 6.18 pending still. LPIs that are pending on no list keep their latch. */
function drop(m: DisableMachine, f: DisableFrame): void {
  const { irqs } = registersOf(m, f).lists;
  const i = irqOf(m, f);
  if (policyOf(m, f).purgeClearsLatch) i.pendingLatch = 0;
  remove(irqs, listOf(m, f), f.irq - 1);
  i.vcpu = 0;
}

/** What a write of 0 does to the redistributor of `vcpu`, if LPIs are on and are not being turned off already. */
export const vgicDisableLpis = protocol(
  'vgic_flush_pending_lpis',
  DISABLE_LOCALS,
  (p: Combinators<DisableMachine, DisableFrame>) => ({
    markBusy(m, f) {
      const redist = redistOf(m, f);
      if (redist.lpis === 0) return DONE;
      redist.lpis = 0;
      redist.rwp = 1;
      return undefined;
    },
    ...p.spinlocked('ap', (m, f) => listOf(m, f).apLock, {
      first(m, f) {
        f.irq = listOf(m, f).first;
      },
      look(m, f): Outcome<'unlock ap' | 'advance'> {
        if (f.irq === 0) return 'unlock ap';
        f.next = irqOf(m, f).next;
        return irqOf(m, f).intid < INTID.LPI ? 'advance' : undefined;
      },
      ...p.spinlocked('irq', (m, f) => irqOf(m, f).irqLock, { drop }),
      put: (m, f) => registersOf(m, f).lists.putRef(f.irq - 1),
      advance(_m, f): Outcome<'look'> {
        f.irq = f.next;
        return 'look';
      },
    }),
    ...p.include('forget', vgicItsInvalidateAllCaches as never),
    finish(m, f) {
      redistOf(m, f).rwp = 0;
    },
  }),
);
