// KVM_{SET,GET,HAS}_DEVICE_ATTR dispatch from a table. Linux: virt/kvm/kvm_main.c kvm_device_ioctl, Documentation/virt/kvm/devices/.

import { ENXIO } from '../errors.ts';

/** One attribute or a range of them. `set` and `get` return 0 or negative errno; a missing direction is ENXIO. */
export interface DeviceAttr<T> {
  readonly doc: string;
  /** Attributes it covers, inclusive; one number for a single one. */
  readonly attrs: number | readonly [number, number];
  /** `value` is what the user pointer holds. */
  readonly set?: (device: T, attr: number, value: bigint) => number;
  /** Puts the value into `out.value`. */
  readonly get?: (device: T, attr: number, out: { value: bigint }) => number;
  /** errno beyond -ENXIO, with their reasons: for the generated reference. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** Attribute groups by number. */
export type DeviceAttrTable<T> = Readonly<
  Record<number, { readonly name: string; readonly attrs: readonly DeviceAttr<T>[] }>
>;

function find<T>(table: DeviceAttrTable<T>, group: number, attr: number): DeviceAttr<T> | undefined {
  return table[group]?.attrs.find(({ attrs }) =>
    typeof attrs === 'number' ? attrs === attr : attr >= attrs[0] && attr <= attrs[1],
  );
}

/** KVM_SET_DEVICE_ATTR: -ENXIO for an unknown group or attribute. */
export function setDeviceAttr<T>(
  table: DeviceAttrTable<T>,
  device: T,
  at: { group: number; attr: number },
  value: bigint,
): number {
  return find(table, at.group, at.attr)?.set?.(device, at.attr, value) ?? -ENXIO;
}

/** KVM_GET_DEVICE_ATTR. */
export function getDeviceAttr<T>(
  table: DeviceAttrTable<T>,
  device: T,
  at: { group: number; attr: number },
  out: { value: bigint },
): number {
  return find(table, at.group, at.attr)?.get?.(device, at.attr, out) ?? -ENXIO;
}

/** KVM_HAS_DEVICE_ATTR: 0 or -ENXIO. */
export function hasDeviceAttr<T>(table: DeviceAttrTable<T>, at: { group: number; attr: number }): number {
  return find(table, at.group, at.attr) === undefined ? -ENXIO : 0;
}
