// Functions whose DisINTx can be written and does not do what it should. @table Linux: drivers/pci/quirks.c quirk_broken_intx_masking, mellanox_check_broken_intx_masking.

/** Vendor and device of a function, and the version of its firmware if it can be read. */
export interface PciId {
  readonly vendor: number;
  readonly device: number;
  /** `12.14.1100`: only the middle number counts. */
  readonly firmware?: string;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** By vendor: devices on which masking is always broken. */
const BROKEN: Readonly<Record<number, ReadonlySet<number>>> = {
  // Chelsio T310 10GbE
  5157: new Set([0x0030]),
  // Ralink RT2800 802.11n
  6164: new Set([0x0601]),
  // Ceton InfiniTV 4
  7036: new Set([0x0004]),
  // Realtek RTL-8169
  4332: new Set([0x8169]),
  // Intel i40e: XL710 and X722 family
  32902: new Set([0x1572, 0x1574, 0x1580, 0x1581, ...range(0x1583, 0x158b), ...range(0x37d0, 0x37d2)]),
  // Mellanox Hermon, ConnectX EN, ConnectX-2, ConnectX-3, ConnectX-3 Pro
  5555: new Set([
    0x6340, 0x634a, 0x6354, 0x6732, 0x673c, 0x6368, 0x6750, 0x6372, 0x675a, 0x6764, 0x6746, 0x676e, 0x1003, 0x1007,
  ]),
};

/** Mellanox ConnectX-4 and ConnectX-4 Lx: broken up to a version of the firmware. */
const CONNECTX4: Readonly<Record<number, string>> = { 4115: 'ConnectX-4', 4117: 'ConnectX-4Lx' };
const FIRST_GOOD_MINOR = 14;
const LAST_GOOD_MINOR = 99;

/** Whether the firmware of a ConnectX-4 is too old. One that cannot be read marks nothing. */
function hasOldFirmware({ firmware }: PciId): boolean {
  const minor = Number(firmware?.split('.')[1] ?? FIRST_GOOD_MINOR);
  return minor < FIRST_GOOD_MINOR || minor > LAST_GOOD_MINOR;
}

/** broken_intx_masking by the table. Connect-IB (15b3:1011) is skipped: it has no INTx. */
export function isMaskingBroken(id: PciId): boolean {
  if (BROKEN[id.vendor]?.has(id.device) === true) return true;
  return id.vendor === 0x15b3 && Object.hasOwn(CONNECTX4, id.device) && hasOldFirmware(id);
}

/** VFIO hides INTx of these and keeps DisINTx set (vfio_pci_nointx): the i40e family and X550. */
const NO_INTX: ReadonlySet<number> = new Set([...(BROKEN[0x8086] ?? []), 0x1563]);

/** vfio_pci_nointx by the table. */
export const isNoIntx = (id: PciId): boolean => id.vendor === 0x8086 && NO_INTX.has(id.device);

/** What Linux logs for a ConnectX-4 with old firmware; null for everything else. */
export function firmwareMessage(id: PciId): string | null {
  const name = id.vendor === 0x15b3 && Object.hasOwn(CONNECTX4, id.device) ? CONNECTX4[id.device] : undefined;
  if (name === undefined || !hasOldFirmware(id)) return null;
  const major = id.device === 0x1013 ? 12 : 14;
  return `ConnectX-4: FW ${id.firmware} doesn't support INTx masking, disabling. Please upgrade FW to ${major}.14.1100 and up for ${name}`;
}
