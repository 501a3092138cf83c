// Words for the host below POWER VMs.

import type { PartTarget } from '@virq/irq-core/backend';
import { ENODEV } from '@virq/irq-core/errors';
import type { Operation } from '@virq/irq-core/machine';
import { type PowerHost, VECTORS } from '../host/power-host.ts';
import { int, n } from './args.ts';

type Target = PartTarget<PowerHost>;

/** VFIO_PCI_MSIX_IRQ_INDEX, and DATA_EVENTFD with ACTION_TRIGGER. */
const MSIX = 2;
const EVENTFD_TRIGGER = 0x24;

/** Operations of the host part. */
export const HOST_OPERATIONS: Readonly<Record<string, Operation<Target>>> = {
  vfio_msix: {
    summary: 'VFIO_DEVICE_SET_IRQS of one MSI-X vector: signals an eventfd, or nothing any more',
    args: {
      device: { type: 'name', of: 'a device', doc: 'the device' },
      vector: int('vector', { max: 31, default: 0 }),
      on: { type: 'bool', default: true, doc: 'false: the vector loses its eventfd' },
      name: { type: 'name', of: 'an eventfd', doc: 'the eventfd', default: 'msix' },
    },
    run({ part, device, eventfd }, args) {
      const index = device(args['device'] as string);
      if (index < 0) return { ret: -ENODEV };
      const fd = args['on'] === true ? eventfd(args['name'] as string) : -1;
      const request = { index: MSIX, start: n(args, 'vector'), count: 1, flags: EVENTFD_TRIGGER, data: [fd] };
      return { ret: part.vfio.setIrqs(index, request) };
    },
  },
  phb_fence: {
    summary:
      'the PHB fences a device after an error (EEH): loads from the pages of its sources read all ones, or no more',
    args: {
      device: { type: 'name', of: 'a device', doc: 'the device' },
      on: { type: 'bool', default: true, doc: 'false: the fence is lifted' },
    },
    run({ part, device }, args) {
      const index = device(args['device'] as string);
      if (index < 0) return { ret: -ENODEV };
      for (let vector = 0; vector < VECTORS; vector++)
        part.xive.sources.at(part.sourceOf(index * VECTORS + vector)).fenced = args['on'] === true ? 1 : 0;
      return { ret: 0 };
    },
  },
  opal_busy: {
    summary: 'the firmware answers OPAL_BUSY to so many of the next calls that may be',
    args: { n: int('calls', { max: 255 }) },
    run({ part }, args) {
      part.state.busy = n(args, 'n');
      return { ret: 0 };
    },
  },
};
