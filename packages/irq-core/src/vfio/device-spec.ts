// What a device is, as a scenario or test declares it, and how its function is wired. Linux: pci_assign_irq, pcibios_lookup_irq.

import { FLOW, type Host } from '../host/index.ts';
import { type FunctionSpec, isNoIntx, lineOf, type Pci, type PciId, type PciPlace } from '../pci/index.ts';
import { DEVICE_KIND, type VfioState } from './layout.ts';

/** A device of the host. */
export interface DeviceSpec {
  readonly name: string;
  /** `pci` and `platform` are passed through; `host` is a PCI function that a driver of the host serves. */
  readonly kind: 'pci' | 'platform' | 'host';
  /** Linux irq of its INTx or wired interrupt; 0 or absent: none, or that of its place. */
  readonly hostIrq?: number;
  /** Where a PCI function sits; its line follows from that. */
  readonly place?: PciPlace;
  /** Vendor, device and firmware: quirks are looked up. */
  readonly id?: PciId;
  /** A virtual function: it has no INTx, whatever its pin register says. */
  readonly vf?: boolean;
  /** Platform only: edge-triggered. */
  readonly edge?: boolean;
  /** DisINTx can be written and read back; default true. */
  readonly disIntxWritable?: boolean;
  /** On the broken-INTx quirk list; default false, or by the id. */
  readonly quirk?: boolean;
  /** DisINTx really silences the pin; default true (a device that lies: false). */
  readonly disIntxWorks?: boolean;
  /** STATUS bit 3 shows what is pending; default true (a device that lies: false). */
  readonly statusWorks?: boolean;
  /** On VFIO's nointx list; default false, or by the id. */
  readonly noIntx?: boolean;
  /** Host only: its driver wants the line for itself. */
  readonly exclusive?: boolean;
  /** MSI vectors, a power of two ≤ 32; MSI-X table size ≤ 32. */
  readonly msi?: number;
  readonly msix?: number;
  /** Vectors the host can give; default all. */
  readonly vectorsAvailable?: number;
}

const KINDS = { pci: DEVICE_KIND.PCI, platform: DEVICE_KIND.PLATFORM, host: DEVICE_KIND.HOST } as const;

/** Linux irq of a device's wire, 0 if it has none. */
export const irqOf = (s: DeviceSpec): number =>
  s.hostIrq ?? (s.place === undefined || s.place.pin === 0 ? 0 : lineOf(s.place));

/** Pin of a function: that of its place; without one INTA if it has a line. */
const pinOf = (s: DeviceSpec): number => s.place?.pin ?? (irqOf(s) === 0 ? 0 : 1);

function functionOf(s: DeviceSpec, lineBit: number): FunctionSpec {
  return {
    hostIrq: s.vf === true ? 0 : irqOf(s),
    pin: pinOf(s),
    lineBit,
    ...(s.id === undefined ? {} : { id: s.id }),
    settable: s.disIntxWritable !== false,
    works: s.disIntxWorks !== false,
    lies: s.statusWorks === false,
    quirk: s.quirk === true,
  };
}

/** Takes over what the devices are, and gives each its place in the wired OR of its line. */
export function wireDevices(
  state: VfioState,
  specs: readonly DeviceSpec[],
  { host, pci }: { host: Host; pci: Pci },
): void {
  for (const [i, s] of specs.entries()) {
    const d = state.devices.at(i);
    d.kind = KINDS[s.kind];
    d.edge = s.edge === true ? 1 : 0;
    d.noIntx = s.noIntx === true || (s.id !== undefined && isNoIntx(s.id)) ? 1 : 0;
    d.hostIrq = s.vf === true ? 0 : irqOf(s);
    d.lineBit = specs.slice(0, i).filter((other) => irqOf(other) === d.hostIrq).length;
    if (d.hostIrq !== 0 && d.lineBit === 0) host.addLine(d.hostIrq, d.edge === 1 ? FLOW.EDGE : FLOW.FASTEOI);
    if (d.kind !== DEVICE_KIND.PLATFORM) pci.add(i, functionOf(s, d.lineBit));
  }
}
