// The hooks by which generic KVM reaches the x86 chips. Linux: arch/x86/kvm/irq.c, irq_comm.c.

import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import { type KvmArch, ROUTE } from '@virq/irq-core/kvm';
import type { Apicv } from './apicv.ts';
import { CHIP, type Context, X86_REQ } from './context.ts';
import type { Guest } from './guest.ts';
import type { IoapicChip } from './ioapic.ts';
import { IRQCHIP_MODE } from './layout.ts';
import type { Msi } from './msi.ts';
import type { PicPair } from './pic.ts';
import { createSetRoutingEntry } from './routing.ts';

/** What the hooks reach. */
export interface ArchParts {
  readonly pic: PicPair;
  readonly ioapic: IoapicChip;
  readonly msi: Msi;
  readonly apicv: Apicv;
  readonly guest: Guest;
}

/** Builds the hooks over the chips. */
export function createArch(ctx: Context, chips: ArchParts): KvmArch {
  const { state, kvm } = ctx;
  const { pic, ioapic, msi, apicv, guest } = chips;
  const { MSI, IRQCHIP } = ROUTE;
  const scanAll = (): void => kvm.vcpus.requestAll(X86_REQ.SCAN_IOAPIC);
  return {
    canSetIrqRouting: () => state.mode !== IRQCHIP_MODE.NONE,
    intcInitialized: () => true,
    irqfdAllowed: (resample) => (resample ? state.mode === IRQCHIP_MODE.KERNEL : state.mode !== IRQCHIP_MODE.NONE),
    setRoutingEntry: createSetRoutingEntry(ctx, msi),
    setIrq(route, source, level, lineStatus) {
      if (route.type === MSI) return msi.set(route, level);
      if (route.type !== IRQCHIP) return -1;
      return route.irqchip === CHIP.IOAPIC
        ? ioapic.setPin(route.pin, source, level, lineStatus)
        : pic.setPin(route.pin, source, level);
    },
    setIrqInatomic: (route) => (route.type === MSI ? msi.setInatomic(route) : -EWOULDBLOCK),
    signalMsi: (message) => (state.mode === IRQCHIP_MODE.NONE ? -EINVAL : msi.signal(message)),
    routingUpdated() {
      if (state.mode === IRQCHIP_MODE.SPLIT && state.reservedPins > 0) scanAll();
    },
    ackNotifiersUpdated: scanAll,
    clearSource(source) {
      ioapic.clearSource(source);
      pic.clearSource(source);
    },
    vcpuRunnable: guest.isRunnable,
    startBypass: apicv.startBypass,
    updateIrte: apicv.updateIrte,
    startUpdateIrte: apicv.startUpdateIrte,
  };
}
