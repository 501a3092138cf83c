// Options of the host that belong to no part: kernel parameters. Linux: Documentation/admin-guide/kernel-parameters.txt, drivers/vfio/pci/vfio_pci.c.

import { SPURIOUS, type SpuriousLimits } from '../host/index.ts';
import type { HostOptions } from '../host-part.ts';
import type { ArgSpec } from './vocabulary.ts';

/** What a scenario's `host:` section may say on any machine. */
export const HOST_OPTIONS: Readonly<Record<string, ArgSpec>> = {
  nointxmask: {
    type: 'bool',
    optional: true,
    doc: 'vfio-pci.nointxmask: no device is masked with DisINTx, and lines are not shared',
  },
  spurious_window: {
    type: 'int',
    optional: true,
    doc: 'interrupts after which the detector of spurious ones looks (Linux: 100000; 0: noirqdebug)',
  },
  spurious_unhandled: {
    type: 'int',
    optional: true,
    doc: 'more unhandled ones than this disable the line (Linux: 99900)',
  },
};

/** Thresholds of the detector. */
export function spuriousOf(options: HostOptions = {}): SpuriousLimits {
  const window = (options['spurious_window'] as number | undefined) ?? SPURIOUS.window;
  const unhandled = (options['spurious_unhandled'] as number | undefined) ?? SPURIOUS.unhandled;
  return { ...SPURIOUS, window, unhandled };
}
