// What the parts of a pseries machine share. QEMU: hw/ppc/spapr.c, hw/intc/spapr_xive.c.

import type { Trace } from '@virq/irq-core/events';
import type { InKernel, InKernelXics } from './in-kernel.ts';
import type { SpaprState } from './layout.ts';
import type { SpaprTables } from './tables.ts';

/** Shared by all parts of one pseries machine. */
export interface SpaprContext {
  readonly state: SpaprState;
  readonly tables: SpaprTables;
  /** KVM's XIVE device. */
  readonly xive: InKernel;
  /** KVM's XICS-over-XIVE device. */
  readonly xics: InKernelXics;
  readonly trace: Trace;
  /** Server numbers by vCPU. */
  readonly servers: readonly number[];
  /** Bytes of guest memory, from address 0. */
  readonly memory: number;
}

/** QEMU logs that the guest did something wrong (LOG_GUEST_ERROR), and goes on. */
export function guestError({ trace }: SpaprContext, what: string): void {
  if (trace.on) trace.emit('qemu_guest_error', { what });
}

/** error_report: something failed that QEMU tells its user. */
export function errorReport({ trace }: SpaprContext, what: string): void {
  if (trace.on) trace.emit('qemu_error', { what });
}
