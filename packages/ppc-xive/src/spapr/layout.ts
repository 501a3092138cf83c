// QEMU's state of a pseries machine's interrupt controllers. QEMU: include/hw/ppc/spapr_xive.h, xive_regs.h, hw/ppc/spapr_irq.c.

import { array, bitmap, bits, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import { LISN } from './codes.ts';

/** Which controllers the machine offers to its guest (ic-mode). */
export const IC_MODE = { NONE: 0, XICS: 1, XIVE: 2, DUAL: 3 } as const;

/**
 * One LISN: its EAS word, and what the source model of QEMU keeps of it. `key` is 1 + LISN, 0 for a free slot; `pq` is the PQ that QEMU has
 * saved last.
 */
export const SpaprIrq = struct('spaprIrq', {
  key: u16,
  lsi: u1,
  asserted: u1,
  pq: bits(2),
  eas: u64,
});
export type SpaprIrq = View<typeof SpaprIrq>;

/** An END as its eight words. */
export const SpaprEnd = struct('spaprEnd', { w: array(u32, 8) });
export type SpaprEnd = View<typeof SpaprEnd>;

/** Sizes of {@link spaprLayout}. */
export interface SpaprSizes {
  /** LISNs the machine can have in use, a power of two. */
  readonly irqs: number;
  /** spapr_max_server_number. */
  readonly servers: number;
  readonly vcpus: number;
}

/**
 * SpaprMachineState as far as interrupts go. `active` is a DEVICE, `inKernel` that KVM has it; `cas` that the guest has negotiated the exploitation
 * mode (ov5_cas); `running` the run state; `dead` that QEMU has aborted. `tctx` words 0 and 1 of the OS ring per vCPU as last saved.
 */
export const spaprLayout = (sizes: SpaprSizes) =>
  struct('spapr', {
    icMode: bits(2),
    kernelIrqchip: bits(2),
    active: u8,
    inKernel: u1,
    cas: u1,
    running: u1,
    dead: u1,
    nrServers: u16,
    msis: bitmap(LISN.END - LISN.MSI),
    irqs: array(SpaprIrq, sizes.irqs),
    ends: array(SpaprEnd, sizes.servers * 8),
    tctx: array(u64Cell, sizes.vcpus),
  });
const u64Cell = struct('tctx', { w01: u64 });
export type SpaprState = View<ReturnType<typeof spaprLayout>>;
