// The host's ITS: messages of devices become physical LPIs of the host, or virtual LPIs of a vPE. Linux: drivers/irqchip/irq-gic-v3-its.c its_vlpi_map, its_vlpi_unmap, its_vlpi_prop_update, its_irq_set_irqchip_state.

import { EINVAL, ENOMEM } from '@virq/irq-core/errors';
import type { Remapper } from '@virq/irq-core/host';
import type { GicState, HostMsi } from './gic-layout.ts';
import type { VirtualLpis } from './virtual-lpis.ts';

/** Vectors of a device that have an event each. */
export const VECTORS = 32;
/** A host irq that is no message vector of a device. */
const NONE = -1;

/** struct its_vlpi_map; `vpe` is an index. */
export interface VlpiMap {
  readonly vm: number;
  readonly vpe: number;
  readonly intid: number;
  /** Configuration byte. */
  readonly properties: number;
}

/** The ITS. Host irqs are Linux irqs; results 0 or negative errno. */
export interface PhysicalIts extends Remapper {
  /** its_map_vlpi: -EINVAL for a device that another VM has vLPIs of. */
  mapVlpi(irq: number, map: VlpiMap): number;
  /** its_unmap_vlpi: -EINVAL for an irq that is not forwarded. What was pending for the guest is lost. */
  unmapVlpi(irq: number): number;
  /** its_prop_update_vlpi. */
  configure(irq: number, byte: number): number;
  /** irq_set_irqchip_state of IRQCHIP_STATE_PENDING. */
  setPending(irq: number, level: number): number;
  /** Handle of the vLPI that an irq is forwarded to, 0 for none. */
  vlpiOf(irq: number): number;
}

/** What it stands on. */
export interface ItsOptions {
  readonly state: GicState;
  readonly tables: VirtualLpis;
  /** Index of a Linux irq among message vectors, -1 for none. */
  indexOf(irq: number): number;
  /** A host CPU takes the physical LPI of a vector. */
  handle(index: number): void;
}

/** Creates it over zeroed state. */
export function createPhysicalIts({ state, tables, indexOf, handle }: ItsOptions): PhysicalIts {
  const { msis, devices } = state;
  const msiOf = (irq: number): HostMsi => msis.at(indexOf(irq));
  const deviceOf = (irq: number) => devices.at(Math.floor(indexOf(irq) / VECTORS));
  const vlpiOf = (irq: number): number => (indexOf(irq) === NONE ? 0 : msiOf(irq).vlpi);

  function drop(irq: number): void {
    tables.unmap(vlpiOf(irq));
    msiOf(irq).vlpi = 0;
    const device = deviceOf(irq);
    device.vlpis--;
    if (device.vlpis === 0) device.vm = 0;
  }

  function install(irq: number, { vm, vpe, intid, properties }: VlpiMap): number {
    const vlpi = tables.map(vpe, intid);
    if (vlpi === 0) return -ENOMEM;
    msiOf(irq).vlpi = vlpi;
    tables.at(vlpi).doorbell = 1;
    tables.configure(vlpi, properties);
    const device = deviceOf(irq);
    device.vm = vm + 1;
    device.vlpis++;
    return 0;
  }

  return {
    vlpiOf,
    map(irq) {
      msiOf(irq).mapped = 1;
    },
    unmap(irq) {
      msiOf(irq).mapped = 0;
      if (vlpiOf(irq) !== 0) drop(irq);
    },
    deliver(irq) {
      const { mapped, vlpi } = msiOf(irq);
      if (mapped === 0) return 'aborted';
      if (vlpi === 0) return 'host';
      tables.setPending(vlpi, 1);
      return 'posted';
    },
    mapVlpi(irq, map) {
      if (indexOf(irq) === NONE || msiOf(irq).mapped === 0) return -EINVAL;
      const { vm } = deviceOf(irq);
      if (vm !== 0 && vm !== map.vm + 1) return -EINVAL;
      const vlpi = vlpiOf(irq);
      if (vlpi === 0) return install(irq, map);
      msiOf(irq).vlpi = tables.move(vlpi, map.vpe);
      return 0;
    },
    unmapVlpi(irq) {
      if (vlpiOf(irq) === 0) return -EINVAL;
      drop(irq);
      return 0;
    },
    configure(irq, byte) {
      const vlpi = vlpiOf(irq);
      if (vlpi === 0) return -EINVAL;
      tables.at(vlpi).doorbell = byte & 1;
      tables.configure(vlpi, byte);
      return 0;
    },
    setPending(irq, level) {
      const vlpi = vlpiOf(irq);
      if (vlpi !== 0) tables.setPending(vlpi, level);
      else if (level === 1 && indexOf(irq) !== NONE && msiOf(irq).mapped === 1) handle(indexOf(irq));
      return 0;
    },
  };
}
