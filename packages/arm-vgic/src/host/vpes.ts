// vPEs as the host's driver handles them: where they run, their residency and their doorbells. Linux: drivers/irqchip/irq-gic-v3-its.c its_vpe_*, its_vpe_4_1_*, irq-gic-v4.c.

import type { Trace } from '@virq/irq-core/events';
import type { GicState, Vpe } from './gic-layout.ts';
import type { VirtualLpis } from './virtual-lpis.ts';

/** Linux irq of the first doorbell, above those of devices. */
export const DOORBELL_IRQ = 4096;

/** vPEs by index. */
export interface Vpes {
  readonly version: 4 | 4.1;
  at(vpe: number): Vpe;
  /** its_alloc_vcpu_irqs and request_irq: mapped on every ITS; the doorbell of GICv4.1 is on from now. */
  alloc(vpe: number): void;
  /** free_irq of the doorbell, which unmaps the vPE and writes its caches back; and request_irq again. */
  setMapped(vpe: number, mapped: boolean): void;
  /** VMOVP. */
  move(vpe: number, cpu: number): void;
  /** GICR_VPENDBASER.Valid := 1, with VGrp1EN; GICv4.0 has none, and presents always. */
  schedule(vpe: number, group1: number): void;
  /** Valid := 0, with DB if `doorbell` (GICv4.1). Returns PendingLast. */
  deschedule(vpe: number, doorbell: boolean): number;
  /** A vPE that is not resident has something new. */
  ring(vpe: number, wanted: boolean): void;
  /** disable_irq_nosync. */
  disableDoorbell(vpe: number): void;
  /** enable_irq, as often as it takes: one that is pending fires. */
  enableDoorbell(vpe: number): void;
  /** IRQCHIP_STATE_PENDING := 0. */
  clearDoorbell(vpe: number): void;
  /** Its handler is called. */
  doorbellTaken(vpe: number): void;
  /** The handler has returned; one that has come meanwhile fires. */
  doorbellDone(vpe: number): void;
}

/** What vPEs stand on. */
export interface VpesOptions {
  readonly state: GicState;
  readonly version: 4 | 4.1;
  readonly trace: Trace;
  tables(): VirtualLpis;
  /** A host CPU takes the doorbell. */
  handle(vpe: number): void;
}

/** Creates them over zeroed state. */
export function createVpes({ state, version, trace, tables, handle }: VpesOptions): Vpes {
  const { vpes } = state;

  function fire(vpe: number): void {
    const { doorbell } = vpes.at(vpe);
    if (doorbell.pending === 0 || doorbell.off === 1 || doorbell.inFlight === 1) return;
    doorbell.pending = 0;
    doorbell.inFlight = 1;
    handle(vpe);
  }

  return {
    version,
    at: (vpe) => vpes.at(vpe),
    alloc(vpe) {
      const v = vpes.at(vpe);
      v.mapped = 1;
      v.doorbell.off = version === 4 ? 1 : 0;
    },
    setMapped(vpe, mapped) {
      vpes.at(vpe).mapped = mapped ? 1 : 0;
    },
    move(vpe, cpu) {
      vpes.at(vpe).cpu = cpu;
    },
    schedule(vpe, group1) {
      const v = vpes.at(vpe);
      v.valid = 1;
      v.armed = 0;
      v.group1 = version === 4 ? 1 : group1;
      tables().present(vpe);
    },
    deschedule(vpe, doorbell) {
      const v = vpes.at(vpe);
      v.valid = 0;
      tables().present(vpe);
      const last = tables().hasPending(vpe);
      v.armed = version === 4.1 && doorbell && !last ? 1 : 0;
      return last ? 1 : 0;
    },
    ring(vpe, wanted) {
      const v = vpes.at(vpe);
      if (version === 4 ? !wanted : v.armed === 0) return;
      v.armed = 0;
      v.doorbell.pending = 1;
      fire(vpe);
    },
    disableDoorbell(vpe) {
      vpes.at(vpe).doorbell.off = 1;
    },
    enableDoorbell(vpe) {
      vpes.at(vpe).doorbell.off = 0;
      fire(vpe);
    },
    clearDoorbell(vpe) {
      vpes.at(vpe).doorbell.pending = 0;
    },
    doorbellTaken(vpe) {
      if (trace.on) trace.emit('irq_handler_entry', { irq: DOORBELL_IRQ + vpe, name: 'vcpu' });
    },
    doorbellDone(vpe) {
      vpes.at(vpe).doorbell.inFlight = 0;
      fire(vpe);
    },
  };
}
