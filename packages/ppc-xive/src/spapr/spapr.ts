// A pseries machine of QEMU as the VMM of a VM, put together. QEMU: hw/ppc/spapr.c, spapr_irq.c, hw/intc/spapr_xive.c.

import type { Context } from '../kvm/context.ts';
import { H, HCALL, type HcallName } from './codes.ts';
import { errorReport, type SpaprContext } from './context.ts';
import type { InKernel, InKernelXics } from './in-kernel.ts';
import { createIrqs, type SpaprIrqs } from './irqs.ts';
import { IC_MODE, type SpaprState } from './layout.ts';
import { createMachineMode, KERNEL_IRQCHIP, type SpaprMachine } from './machine.ts';
import type { MigrationEnd } from './migration.ts';
import type { SpaprPages } from './pages.ts';
import { resume, stop } from './run-state.ts';
import { createTables, type SpaprTables } from './tables.ts';
import { type HcallArgs, type HcallResult, xiveHcall } from './xive-hcalls.ts';

/** The machine of one VM. */
export interface Spapr {
  readonly state: SpaprState;
  readonly tables: SpaprTables;
  readonly pages: SpaprPages;
  readonly irqs: SpaprIrqs;
  readonly machine: SpaprMachine;
  /** What a migration takes hold of. */
  readonly end: MigrationEnd;
  /** Power on; nothing for a VM without a pseries machine. */
  powerOn(): number;
  /** Hypercalls that KVM leaves to QEMU. */
  hcall(name: HcallName, args: HcallArgs): HcallResult;
  /** vm_stop: 0 or KVM's errno. */
  stop(): number;
  /** vm_start. */
  resume(): void;
}

/** What {@link createSpapr} needs. */
export interface SpaprInit {
  readonly ctx: Context;
  readonly state: SpaprState;
  readonly xive: InKernel;
  readonly xics: InKernelXics;
  readonly pages: SpaprPages;
}

const MODES = { none: IC_MODE.NONE, xics: IC_MODE.XICS, xive: IC_MODE.XIVE, dual: IC_MODE.DUAL } as const;
const IRQCHIPS = { off: KERNEL_IRQCHIP.OFF, allowed: KERNEL_IRQCHIP.ALLOWED, on: KERNEL_IRQCHIP.ON } as const;

const isXicsHcall = (name: HcallName): boolean => HCALL[name] < HCALL.H_CEDE || name === 'H_XIRR_X';

/** Those of XICS come to QEMU when KVM has no XICS for the vCPU: an error, except where QEMU emulates it, which is not modelled. */
function xicsHcall(c: SpaprContext, name: HcallName): HcallResult {
  const { icMode, cas, inKernel } = c.state;
  if (icMode === IC_MODE.XIVE || (cas === 0 && inKernel === 0)) return { rc: H.FUNCTION };
  errorReport(c, `pseries: ${name.toLowerCase()} must only be called for emulated XICS`);
  return { rc: H.HARDWARE };
}

/** Creates the machine over zeroed state. */
export function createSpapr({ ctx, state, xive, xics, pages }: SpaprInit): Spapr {
  const { options, trace } = ctx;
  const tables = createTables(state);
  const { servers, memory } = options;
  const context: SpaprContext = { state, tables, xive, xics, trace, servers, memory };
  const irqs = createIrqs(context);
  const machine = createMachineMode(context);
  return {
    state,
    tables,
    pages,
    irqs,
    machine,
    end: { ctx, spapr: context, machine },
    powerOn() {
      if (options.icMode === 'none') return 0;
      state.icMode = MODES[options.icMode];
      state.kernelIrqchip = IRQCHIPS[options.kernelIrqchip];
      state.nrServers = options.maxCpus;
      for (let lisn = 0; lisn < state.nrServers; lisn++) irqs.claimIpi(lisn);
      state.running = 1;
      return machine.reset();
    },
    hcall(name, args) {
      if (isXicsHcall(name)) return xicsHcall(context, name);
      const hasXive = state.icMode === IC_MODE.XIVE || state.icMode === IC_MODE.DUAL;
      return hasXive ? xiveHcall(context, name, args) : { rc: H.FUNCTION };
    },
    stop: () => stop(context),
    resume: () => resume(context),
  };
}
