// Sections of `inspect` about the host below POWER VMs.

import type { InspectSection } from '@virq/irq-core/backend';
import { xiveInspect } from '../hw/inspect.ts';
import type { PowerHost } from './power-host.ts';

/** Sections of the host. */
export const hostInspect = ({ xive }: PowerHost): readonly InspectSection[] => xiveInspect(xive);
