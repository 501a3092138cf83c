// Distributor, redistributors and SGIs of one VM.

import { vgicAccessActive } from './active.ts';
import { vgicDisableLpis } from './disable-lpis.ts';
import { guestAccessActive } from './guest-active.ts';
import { WRITE } from './writes.ts';

/** All of their paths. */
export const REGISTER_PROTOCOLS = [
  ...Object.values(WRITE),
  vgicAccessActive,
  guestAccessActive,
  vgicDisableLpis,
] as const;
