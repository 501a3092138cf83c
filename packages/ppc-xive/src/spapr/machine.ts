// Which interrupt controller a pseries machine runs with: what it offers, what the guest negotiates, what a reset does to it. QEMU: hw/ppc/spapr_irq.c, spapr_hcall.c, spapr.c.

import { EINVAL } from '@virq/irq-core/errors';
import { PQ } from '../hw/esb.ts';
import { DEVICE } from '../kvm/layout.ts';
import { errorReport, type SpaprContext } from './context.ts';
import { icsAtReset } from './irqs.ts';
import { IC_MODE } from './layout.ts';
import { END_RESET, easWord, setEnd } from './tables.ts';

/** Values of kernel_irqchip: QEMU emulates, tries KVM's device, or insists on it. */
export const KERNEL_IRQCHIP = { OFF: 0, ALLOWED: 1, ON: 2 } as const;

/** The machine. */
export interface SpaprMachine {
  /** ibm,client-architecture-support: the guest asks for a mode. -EINVAL: the machine does not have it, and QEMU exits. */
  negotiate(xive: boolean): number;
  /** Power on and system_reset: tables at reset, nothing negotiated. Negative errno: QEMU exits. */
  reset(): number;
  /** spapr_irq_post_load: the controller of the mode that has come with the state. */
  postLoad(): number;
}

/** spapr_xive_reset, xive_source_reset: valid EASs are masked, sources off, ENDs cleared. KVM's device is not told. */
function resetTables({ tables }: SpaprContext): void {
  tables.forEach((irq) => {
    Object.assign(irq, { eas: easWord({ end: 0, masked: true, data: 0 }), pq: PQ.OFF, asserted: 0 });
  });
  for (let i = 0; i < tables.ends; i++) setEnd(tables.end(i), END_RESET);
}

/** Creates it over zeroed state. */
export function createMachineMode(c: SpaprContext): SpaprMachine {
  const { state, tables } = c;
  const hasXics = (): boolean => state.icMode !== IC_MODE.XIVE;
  const hasXive = (): boolean => state.icMode !== IC_MODE.XICS;

  function connectXive(): number {
    const error = c.xive.connect(state.nrServers);
    if (error < 0) return error;
    let failed = 0;
    tables.forEach((irq, lisn) => {
      if (failed === 0) failed = Math.min(0, c.xive.resetSource(lisn, irq.lsi === 1, irq.asserted === 1));
    });
    return failed;
  }

  function connectXics(): number {
    const error = c.xics.connect(state.nrServers);
    if (error < 0) return error;
    let failed = 0;
    tables.forEach((irq, lisn) => {
      if (lisn >= 0x1000 && failed === 0)
        failed = Math.min(0, c.xics.setSource(lisn, icsAtReset(irq.lsi, irq.asserted)));
    });
    return failed;
  }

  /** spapr_irq_init_kvm: with kernel_irqchip=on a device that cannot be had is the end; else QEMU emulates. */
  function activate(device: number): number {
    state.active = device;
    if (state.kernelIrqchip === KERNEL_IRQCHIP.OFF) return 0;
    const error = device === DEVICE.XIVE ? connectXive() : connectXics();
    state.inKernel = error < 0 ? 0 : 1;
    if (error >= 0) return 0;
    const isOn = state.kernelIrqchip === KERNEL_IRQCHIP.ON;
    errorReport(c, isOn ? 'kernel_irqchip requested but unavailable' : 'kernel_irqchip allowed but unavailable');
    return isOn ? error : 0;
  }

  function deactivate(): void {
    if (state.inKernel === 1) (state.active === DEVICE.XIVE ? c.xive : c.xics).disconnect();
    state.inKernel = 0;
    state.active = DEVICE.NONE;
  }

  /** spapr_irq_update_active_intc: nothing happens to a controller that stays. */
  function update(): number {
    const wanted = !hasXics() || state.cas === 1 ? DEVICE.XIVE : DEVICE.XICS;
    if (wanted === state.active) return 0;
    if (state.active !== DEVICE.NONE) deactivate();
    if (c.trace.on) c.trace.emit('spapr_irq_mode', { mode: wanted === DEVICE.XIVE ? 'xive' : 'xics' });
    const error = activate(wanted);
    if (error < 0) state.dead = 1;
    return error;
  }

  return {
    postLoad: update,
    negotiate(xive) {
      if (xive ? !hasXive() : !hasXics()) {
        errorReport(c, `Guest requested unavailable interrupt mode (${xive ? 'XIVE' : 'XICS'})`);
        state.dead = 1;
        return -EINVAL;
      }
      state.cas = xive ? 1 : 0;
      return update();
    },
    reset() {
      resetTables(c);
      state.cas = 0;
      return update();
    },
  };
}
