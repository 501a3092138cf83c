// Input lines of host interrupts that are tied to one of a guest, and who hears of them: the in-kernel device of that VM. Linux: arch/arm64/kvm/arch_timer.c kvm_arch_timer_handler.

import { struct, u8, u16, u32, type View } from '@virq/irq-core/arena';
import type { PhysIrq } from './layout.ts';

/** To whom a host interrupt is tied: `vm` is 1 + its index, 0 for nobody; `owner` is that of the wire into the VGIC. */
export const Tie = struct('tie', { vm: u8, vcpu: u16, intid: u32, owner: u8 });
export type Tie = View<typeof Tie>;

/** The in-kernel device of a VM: raises its wire into the VGIC. */
export type RaiseWire = (vcpu: number, intid: number, owner: number) => void;

/** Lines and ties of the host's interrupts. */
export interface Ties {
  readonly count: number;
  at(hostIrq: number): Tie;
  addVm(vm: number, raise: RaiseWire): void;
  /** A device drives the line: 1 asserts. */
  drive(hostIrq: number, level: number): void;
  /**
   * The host takes an interrupt whose line is high and that is not active. It stays active until the guest's end of the interrupt deactivates it (EOImode 1 of the
   * host), so that the line is not heard of again meanwhile.
   */
  settle(hostIrq: number): void;
}

/** Creates them over zeroed state. */
export function createTies(
  irqs: { at(hostIrq: number): PhysIrq },
  ties: { readonly length: number; at(hostIrq: number): Tie },
): Ties {
  const wires = new Map<number, RaiseWire>();

  function settle(hostIrq: number): void {
    const irq = irqs.at(hostIrq);
    const { vm, vcpu, intid, owner } = ties.at(hostIrq);
    if (irq.line === 0 || irq.active === 1 || vm === 0) return;
    irq.active = 1;
    wires.get(vm - 1)?.(vcpu, intid, owner);
  }

  return {
    count: ties.length,
    at: (hostIrq) => ties.at(hostIrq),
    addVm: (vm, raise) => void wires.set(vm, raise),
    drive(hostIrq, level) {
      irqs.at(hostIrq).line = level;
      settle(hostIrq);
    },
    settle,
  };
}
