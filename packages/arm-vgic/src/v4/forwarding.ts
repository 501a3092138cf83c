// The hardware side of LPIs that have become vLPIs, as the ITS model calls it. Linux: drivers/irqchip/irq-gic-v4.c its_prop_update_vlpi, its_map_vlpi, its_unmap_vlpi; vgic-its.c.

import { EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../context.ts';
import { INTID, type Irq } from '../irq/layout.ts';
import { type LpiForwarding, NO_FORWARDING } from '../its/forwarding.ts';
import type { Ram } from '../memory/ram.ts';
import { v4PolicyOf } from './policy.ts';

/** The configuration byte of an LPI as software has it: priority, group 1, enable. */
export const propertiesOf = (irq: Irq): number => (irq.priority & 0xfc) | 2 | irq.enabled;

/** What the ITS side needs of the VM. */
export interface ForwardingParts {
  readonly ram: Ram;
  /** Address of the configuration table. */
  configTable(): number;
}

/** Creates it; without a GICv4 nothing is ever forwarded. */
export function createForwarding(ctx: Context, { ram, configTable }: ForwardingParts): LpiForwarding {
  const { gicv4 } = ctx.host;
  if (gicv4 === null) return NO_FORWARDING;
  const { its, vpes, tables } = gicv4;
  const v4 = v4PolicyOf(ctx.profile);
  const vpeOf = (vcpu: number): number => gicv4.indexOf(ctx.vm, vcpu);
  const isMapped = (vcpu: number): boolean => vpes.at(vpeOf(vcpu)).mapped === 1;

  function setAllMapped(mapped: boolean): void {
    for (let vcpu = 0; vcpu < ctx.options.vcpus; vcpu++) vpes.setMapped(vpeOf(vcpu), mapped);
  }

  /** LPIs of other vCPUs, whose software state stays as it is. */
  function rewriteOthers(vcpu: number): void {
    const { lpis: all } = ctx.state.irqs;
    for (let i = all.next(0); i >= 0; i = all.next(i + 1)) {
      const irq = all.slot(i);
      if (irq.hw === 0 || irq.target === vcpu + 1) continue;
      const byte = ram.loadByte(configTable() + irq.intid - INTID.LPI);
      if (byte >= 0) its.configure(irq.hostIrq, byte);
    }
  }

  return {
    configure: (irq, byte) => its.configure(irq.hostIrq, byte),
    invalidateAll(vcpu) {
      if (v4.invallIsWide && isMapped(vcpu)) rewriteOthers(vcpu);
    },
    setPending: (irq, level) => its.setPending(irq.hostIrq, level),
    retarget(irq) {
      const vlpi = its.vlpiOf(irq.hostIrq);
      const from = vlpi === 0 ? null : vpes.at(tables.at(vlpi).vpe);
      if (from === null) return -EINVAL;
      from.vlpis--;
      const vpe = vpeOf(irq.target - 1);
      vpes.at(vpe).vlpis++;
      return its.mapVlpi(irq.hostIrq, { vm: ctx.vm, vpe, intid: irq.intid, properties: propertiesOf(irq) });
    },
    unmap(irq) {
      its.unmapVlpi(irq.hostIrq);
      if (v4.freeClearsHw) irq.hw = 0;
    },
    isSavable: vpes.version === 4.1,
    whileUnmapped(work) {
      if (vpes.version !== 4.1) return work();
      setAllMapped(false);
      const result = work();
      setAllMapped(true);
      return result;
    },
    isPending(irq) {
      const vlpi = its.vlpiOf(irq.hostIrq);
      return vlpi !== 0 && tables.at(vlpi).pending === 1;
    },
  };
}
