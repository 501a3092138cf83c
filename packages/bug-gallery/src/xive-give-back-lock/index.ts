// An error path that keeps the lock.

import { clrPassthruRefused, clrPassthruRefusedKernel, xiveGiveBack } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-give-back-lock',
  title: 'XIVE: when OPAL refuses, the lock of 1024 interrupts is never released',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `clr_mapped gives the device's interrupt back to the host under the lock of the source block. If that fails it returns at once, with the lock held and the guest's priority masked. Every later use
of one of the 1024 sources of the block spins for ever: page faults, SOURCE_CONFIG, RESET, the release of the device.

The call fails when OPAL answers xive_set_irq_config with an error other than BUSY. Nobody is known to have seen it.`,
  links: [],
  model: xiveGiveBack,
  variant: [[clrPassthruRefused, clrPassthruRefusedKernel]],
  expected: { property: 'the lock of the block is free in the end', length: 44 },
  unused: [
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
  ],
  fix: 'The lock is released on the way out.',
});
