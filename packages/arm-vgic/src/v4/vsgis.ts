// SGIs that GICv4.1 injects by itself: all of a VM's go over to the hardware, or come back. Linux: arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_configure_vsgis.

import { type Gicv4, VSGI_IRQ } from '../host/gicv4.ts';
import { INTID, type Irq } from '../irq/layout.ts';
import { whileHalted } from './bypass.ts';
import type { V4 } from './v4.ts';

/** Configuration and pending state go to the vPE; an active SGI stays on its list until it is folded. */
function enable(gic: Gicv4, irq: Irq, hostIrq: number): void {
  if (irq.hw === 1) return;
  irq.hw = 1;
  irq.hostIrq = hostIrq;
  const { enabled, group, priority, pendingLatch: pending } = irq;
  gic.setSgi(hostIrq, { enabled, group, priority, pending });
  irq.pendingLatch = 0;
}

function disable(gic: Gicv4, irq: Irq): void {
  if (irq.hw === 0) return;
  irq.hw = 0;
  irq.pendingLatch = gic.sgiOf(irq.hostIrq).pending;
  gic.setSgi(irq.hostIrq, { enabled: 0, pending: 0 });
}

/** What GICD_CTLR.nASSGIreq says comes true, with the VM stopped. */
export function configureSgis(v4: V4): void {
  const { host, state, options, vm } = v4.context;
  const { gicv4 } = host;
  if (gicv4 === null || gicv4.vpes.version !== 4.1) return;
  whileHalted(v4, () => {
    for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
      const first = VSGI_IRQ + gicv4.indexOf(vm, vcpu) * INTID.PPI;
      for (let sgi = 0; sgi < INTID.PPI; sgi++) {
        const irq = v4.irqs.at(v4.irqs.private(vcpu, sgi));
        if (state.dist.nassgireq === 1) enable(gicv4, irq, first + sgi);
        else disable(gicv4, irq);
      }
    }
  });
}
