// Protocols of the host part: they run whatever VMs there are.

import { pollGaLog } from './ga-log.ts';

/** By name of the field that starts them. */
export const X86_HOST_PROTOCOLS = { pollGaLog } as const;
