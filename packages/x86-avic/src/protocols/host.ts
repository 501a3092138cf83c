// Protocols of the host part: they run whatever VMs there are.

import { pollGaLog } from './ga-log.ts';
import { piWakeupHandler } from './pi-wakeup.ts';
import { postedMsiNotification } from './posted-msi.ts';
import { intelIrSetAffinity } from './vtd-pi-update.ts';

/** By name of the field that starts them. */
export const X86_HOST_PROTOCOLS = { pollGaLog, piWakeupHandler, postedMsiNotification, intelIrSetAffinity } as const;
