// Kernel paths of XICS over XIVE that others can interleave.

import type { AnyProtocol } from '@virq/irq-core/protocol';
import { hCppr } from './xics-cppr.ts';
import { hEoi } from './xics-eoi.ts';
import { intOff, intOn, preSaveMask, preSaveUnmask, restoreMask, setXive } from './xics-mask.ts';
import { hIpi, hIpoll, hXirr } from './xics-present.ts';

/** Protocols that a VM in XICS mode runs. */
export const XICS_PROTOCOLS: readonly AnyProtocol<never>[] = [
  hXirr,
  hIpoll,
  hIpi,
  hEoi,
  hCppr,
  setXive,
  intOff,
  intOn,
  preSaveMask,
  preSaveUnmask,
  restoreMask,
];
