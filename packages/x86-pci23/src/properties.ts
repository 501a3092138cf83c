// What holds of assigned devices whenever their locks are free. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c.

import type { Assignment } from './assignment.ts';
import { type AssignedDevice, MASKING } from './layout.ts';

/** The interrupt of the device is masked where it is recorded to be. */
function isMasked({ intx, host, pci }: Assignment, i: number): boolean {
  const atDevice = intx.device(i).masking === MASKING.DEVICE;
  return atDevice ? pci.isMasked(i) : host.state.irqs.at(intx.hostIrq(i)).depth > 0;
}

const every = (m: Assignment, holds: (d: AssignedDevice, i: number) => boolean): boolean => {
  const { devices } = m.state;
  for (let i = 0; i < devices.length; i++) if (devices.at(i).assigned === 1 && !holds(devices.at(i), i)) return false;
  return true;
};

/** True in every state. */
export const PROPERTIES: readonly {
  readonly name: string;
  readonly consequence: string;
  readonly holds: (m: Assignment) => boolean;
}[] = [
  {
    name: 'what KVM has masked stays masked',
    consequence: 'the device interrupts the host without end: KVM takes it for masked and nobody quietens it',
    holds: (m) => every(m, (d, i) => d.hostIrqDisabled === 0 || d.intxLock.holder !== 0 || isMasked(m, i)),
  },
  {
    name: 'KVM disables the line of a device at most once',
    consequence: 'one enable_irq does not undo two disable_irq: the line is dead',
    holds: (m) => every(m, (_d, i) => m.host.state.irqs.at(m.intx.hostIrq(i)).depth <= 1),
  },
];
