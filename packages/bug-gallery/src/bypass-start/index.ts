// A fix that froze VMs: what was stopped for a connection is not started when the connection fails.

import { bypassConnect } from '@virq/irq-core/models';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { connect } = bypassConnect;

/** The bug. */
export const bug = defineBug({
  slug: 'bypass-start',
  title: 'irq bypass: a VM halted for a connection stays halted when the connection fails',
  family: 'core',
  commits: [{ hash: 'e44b49f623c7', title: 'Revert "irqbypass: do not start cons/prod when failed connect"' }],
  story: `Before a producer and a consumer are connected both are stopped; on arm64 that halts the VM. In 2020 a commit (a979a6aa009f) skipped the start when connecting had failed: nothing
was connected, so nothing seemed to be started.

A VM froze whenever VFIO could not set up direct injection for one vector. Reverted in May 2021. The fix was the bug.`,
  links: [{ text: 'Revert (e44b49f623c7)', url: 'https://git.kernel.org/linus/e44b49f623c7' }],
  model: bypassConnect.bypassConnect,
  variant: [
    [
      connect,
      replace(connect, 'start', (m) => {
        if (m.vm.failed === 0) m.vm.halted = 0;
      }),
    ],
  ],
  expected: { property: 'no VM stays halted', length: 3 },
  fix: 'Stop and start are a pair, whatever happens between them.',
});
