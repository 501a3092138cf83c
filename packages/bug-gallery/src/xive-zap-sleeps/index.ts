// A mutex and a walk through page tables under a spinlock.

import { clrPassthruNative, setPassthruNative, xiveRemap } from '@virq/ppc-xive/models';
import { clrPassthru, setPassthru } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-zap-sleeps',
  title: 'XIVE: the pages of a source are removed under the spinlock of its block',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `kvmppc_xive_set_mapped and _clr_mapped hold the lock of the source block from the first to the last. Under it they take mapping_lock, a mutex, and unmap_mapping_range takes the
address space's semaphore and tells MMU notifiers, all of which may sleep. The lock is an arch_spinlock_t, which neither counts as preemption disabled nor is known to lockdep, so
that no kernel with debugging on says so.

Whoever else wants one of the 1024 sources spins meanwhile: a page fault, a hypercall with interrupts off.`,
  links: [],
  model: xiveRemap,
  scope: { vcpus: 0 },
  proof: { vcpus: 1 },
  variant: [
    [setPassthruNative, setPassthru],
    [clrPassthruNative, clrPassthru],
  ],
  expected: { property: 'no step sleeps under a spinlock', length: 0 },
  unused: [
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
    "vCPU at its ESB pages: 'fault.timaPage'",
  ],
  fix: 'mapping_lock is the outer lock: the pages go before the lock of the block is taken.',
});
