// How implementations of the hardware differ, as data. QEMU: hw/intc/xive.c of 7.2 and of 10.2, which follows the (unpublished) architecture more closely.

import { EOI_ASSERTED, EOI_ASSERTED_QEMU, type EsbTransition } from './esb.ts';

/** Differences of one XIVE. */
export interface HardwareProfile {
  /** A store to CPPR computes PIPR anew, and takes back a signal that it closes before it is acknowledged; otherwise it can only raise one. */
  readonly cpprWithdraws: boolean;
  /** What a pool ring has pending is presented by the physical ring; otherwise by nobody. */
  readonly presentsPool: boolean;
  /** Generations whose ENDs for a group (i = 1) are known as such, so that no single target takes their events. */
  readonly groups: readonly number[];
  /** An EOI of an LSI whose level is high. */
  readonly eoiAsserted: EsbTransition;
  /** P10: a store of eight bytes to word 2 of the OS ring is a push as well. */
  readonly pushesEightBytes: boolean;
}

/** The hardware as far as its behaviour is known. */
export const ARCHITECTURE: HardwareProfile = {
  cpprWithdraws: true,
  presentsPool: true,
  groups: [1, 2],
  eoiAsserted: EOI_ASSERTED,
  pushesEightBytes: true,
};

/**
 * QEMU 7.2: a signal stays once it is raised; what a pool ring has pending is held against its own CPPR, which is always 0; the group bit
 * of POWER10, which is in word 6, is looked for in word 7.
 */
export const QEMU_7_2: HardwareProfile = {
  cpprWithdraws: false,
  presentsPool: false,
  groups: [1],
  eoiAsserted: EOI_ASSERTED_QEMU,
  pushesEightBytes: false,
};
