// The GICv4 paths.

import { FORWARDING_PROTOCOLS } from './bypass.ts';
import { RESIDENCY_PROTOCOLS } from './residency.ts';

/** All of them. */
export const V4_PROTOCOLS = [...FORWARDING_PROTOCOLS, ...RESIDENCY_PROTOCOLS] as const;
