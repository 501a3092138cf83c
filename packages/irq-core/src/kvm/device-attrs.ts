// KVM_{SET,GET,HAS}_DEVICE_ATTR dispatch from a table. Linux: virt/kvm/kvm_main.c kvm_device_ioctl, Documentation/virt/kvm/devices/.

import { ENXIO } from '../errors.ts';

/** What kvm_device_attr.addr points at: `value` for a number, the members by their names for a struct. */
export type AttrPayload = Record<string, bigint>;

/** One attribute or a range of them. `set` and `get` return 0 or negative errno; a missing direction is ENXIO. */
export interface DeviceAttr<T> {
  readonly doc: string;
  /** Attributes it covers, inclusive; one number for a single one. */
  readonly attrs: number | readonly [number, number];
  /** Those of them that KVM_HAS_DEVICE_ATTR admits to, if not all; a function where it asks the device: 0 or negative errno. */
  readonly has?: readonly [number, number] | ((device: T, attr: number) => number);
  /** Bits of each member of the payload, in order; `{ value: 64 }` if not said, empty for none. */
  readonly payload?: Readonly<Record<string, number>>;
  /** `payload` is null when the user's pointer cannot be read: the answer is -EFAULT once it is read, which may not be the first thing. */
  readonly set?: (device: T, attr: number, payload: Readonly<AttrPayload> | null) => number;
  /** Puts what it has into `out`; the members that it leaves alone stay what the caller had there. */
  readonly get?: (device: T, attr: number, out: AttrPayload) => number;
  /** errno beyond -ENXIO, with their reasons in the order in which they are found: for the generated reference. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** Attribute groups by number. */
export type DeviceAttrTable<T> = Readonly<
  Record<number, { readonly name: string; readonly attrs: readonly DeviceAttr<T>[] }>
>;

/** An attribute as an ioctl names it. */
export interface AttrName {
  readonly group: number;
  readonly attr: number;
}

const within = (range: number | readonly [number, number], attr: number): boolean =>
  typeof range === 'number' ? range === attr : attr >= range[0] && attr <= range[1];

const find = <T>(table: DeviceAttrTable<T>, { group, attr }: AttrName): DeviceAttr<T> | undefined =>
  table[group]?.attrs.find(({ attrs }) => within(attrs, attr));

/** KVM_SET_DEVICE_ATTR: -ENXIO for an unknown group or attribute. */
export const setDeviceAttr = <T>(
  table: DeviceAttrTable<T>,
  device: T,
  at: AttrName,
  payload: Readonly<AttrPayload> | null,
): number => find(table, at)?.set?.(device, at.attr, payload) ?? -ENXIO;

/** KVM_GET_DEVICE_ATTR. */
export const getDeviceAttr = <T>(table: DeviceAttrTable<T>, device: T, at: AttrName, out: AttrPayload): number =>
  find(table, at)?.get?.(device, at.attr, out) ?? -ENXIO;

/** KVM_HAS_DEVICE_ATTR: 0 or -ENXIO, or what the attribute says of the device. */
export function hasDeviceAttr<T>(table: DeviceAttrTable<T>, at: AttrName, device?: T): number {
  const found = find(table, at);
  if (found === undefined) return -ENXIO;
  const { has = found.attrs } = found;
  if (typeof has === 'function') return has(device as T, at.attr);
  return within(has, at.attr) ? 0 : -ENXIO;
}
