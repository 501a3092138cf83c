// The irqbypass manager believes in a connection that has failed.

import { borrow } from '@virq/irq-core/protocol';
import { clrPassthruNative, setPassthruNative, xivePhantom } from '@virq/ppc-xive/models';
import { clrPassthruCorrected, setPassthru } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-phantom',
  title: 'XIVE: a failed connection is torn down as if it had been made',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `kvmppc_set_passthru_irq returns 0 whatever kvmppc_xive_set_mapped returned: the vector and the irqfd count as connected. That alone does no harm, messages go through the irqfd. But when the two part,
clr_mapped runs on a source that never had a device behind it.

In native mode it leaves the IPI at PQ=10, and an interrupt that worked until then is dead. In XICS mode, with the IPI pending, it follows the NULL pt_data. It takes a
VMM that connects a vector before it has made the guest's interrupt, or one of the rare errors of set_mapped.`,
  links: [],
  model: xivePhantom,
  variant: [
    [setPassthruNative, borrow(setPassthruNative, setPassthru, 'settle')],
    [clrPassthruNative, clrPassthruCorrected],
  ],
  expected: { property: 'what the device has to say is heard', length: 48 },
  unused: ["VMM that connects first: 'add.map.take.resend'", "VMM that connects first: 'add.map.take.sync'"],
  fix: 'What set_mapped returns is returned; clr_passthru_irq gives back only what is mapped.',
});
