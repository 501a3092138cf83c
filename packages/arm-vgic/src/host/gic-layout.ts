// What a GICv4 host keeps: vPEs with their virtual pending tables and doorbells, vLPIs, and the events of its ITS. Arm IHI 0069 ch. 5; Linux: include/linux/irqchip/arm-gic-v4.h struct its_vpe.

import { array, handle, pool, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/** Interrupts that GICv4.1 injects beside LPIs. */
const SGIS = 16;

/**
 * A virtual LPI of a vPE: its configuration and its bit in the virtual pending table. `doorbell` asks for the doorbell of the vPE (VMAPTI, GICv4.0), `events` counts the
 * events of the ITS that lead to it.
 */
export const VLpi = struct('vlpi', {
  vpe: u16,
  intid: u32,
  priority: u8,
  enabled: u1,
  pending: u1,
  doorbell: u1,
  events: u8,
});
export type VLpi = View<typeof VLpi>;

/** A virtual SGI of a vPE (VSGI command, GICv4.1). */
export const VSgi = struct('vsgi', { enabled: u1, pending: u1, group: u1, priority: u8 });
export type VSgi = View<typeof VSgi>;

/** A vPE's doorbell as an interrupt of the host: masked in `off`, pending at its redistributor, its handler under way. */
export const Doorbell = struct('doorbell', { off: u1, pending: u1, inFlight: u1 });

/**
 * A vPE. Of the hardware: `mapped` by VMAPP, `cpu` its redistributor, `valid` GICR_VPENDBASER.Valid, `group1` its VGrp1EN, `armed` its DB (GICv4.1). Of its_vpe:
 * `resident`, `ready`, `pendingLast`, `vlpis` which is vlpi_count. `descLock` is irq_desc.lock of the doorbell.
 */
export const Vpe = struct('vpe', {
  mapped: u1,
  valid: u1,
  group1: u1,
  armed: u1,
  resident: u1,
  ready: u1,
  pendingLast: u1,
  cpu: u8,
  vlpis: u16,
  doorbell: Doorbell,
  sgis: array(VSgi, SGIS),
  vpeLock: lock,
  descLock: lock,
});
export type Vpe = View<typeof Vpe>;

/** A device's vector as the ITS has it: an event with a physical LPI, or with a vLPI. */
export const HostMsi = struct('hostMsi', { mapped: u1, vlpi: handle });
export type HostMsi = View<typeof HostMsi>;

/** its_dev->event_map: 1 + the VM that has vLPIs of the device, and how many. */
export const HostDevice = struct('hostDevice', { vm: u8, vlpis: u8 });
export type HostDevice = View<typeof HostDevice>;

/** Sizes of {@link gicLayout}. */
export interface GicSizes {
  readonly vpes: number;
  readonly devices: number;
  /** Message vectors of all devices. */
  readonly msis: number;
}

/** The host's ITS and redistributors, as far as VMs use them. */
export const gicLayout = ({ vpes, devices, msis }: GicSizes) =>
  struct('gic', {
    vpes: array(Vpe, Math.max(1, vpes)),
    vlpis: pool(VLpi, Math.max(1, Math.min(1023, msis))),
    devices: array(HostDevice, Math.max(1, devices)),
    msis: array(HostMsi, Math.max(1, msis)),
  });
export type GicState = View<ReturnType<typeof gicLayout>>;
