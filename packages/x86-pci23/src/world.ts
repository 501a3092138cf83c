// What the protocols of device assignment run on.

import type { HostWorld } from '@virq/irq-core/host';
import type { Pci } from '@virq/irq-core/pci';
import type { Assignment } from './assignment.ts';

/** A machine that has the part. */
export interface AssignWorld extends HostWorld {
  readonly pci: Pci;
  readonly parts: { readonly assign: Assignment };
}
