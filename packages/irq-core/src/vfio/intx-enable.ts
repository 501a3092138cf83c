// INTx is set up while the device may assert. Linux: drivers/vfio/pci/vfio_pci_intrs.c vfio_intx_enable.

import { handle, u8, u16 } from '../arena/index.ts';
import { DONE, protocolsOn } from '../protocol/index.ts';
import type { VfioWorld } from './virqfd.ts';

/**
 * vfio_intx_enable with its interleaving points. A line that is masked by disable_irq is requested disabled (IRQF_NO_AUTOEN) and enabled
 * under irqlock if nothing has masked it meanwhile (fe9a7082684e). `error` is a positive errno. Abstraction: what takes irqlock is one step.
 */
export const vfioIntxEnable = protocolsOn<VfioWorld>().protocol(
  'vfio_intx_enable',
  { device: u8, trigger: handle, error: u16 },
  () => ({
    prepare(m, f) {
      f.error = -m.vfio.intx.prepare(f.device, f.trigger);
      return f.error === 0 ? undefined : DONE;
    },
    request(m, f) {
      f.error = -m.vfio.intx.request(f.device);
      return f.error === 0 ? undefined : DONE;
    },
    enableUnlessMasked: (m, f) => m.vfio.intx.enableUnlessMasked(f.device),
  }),
);
