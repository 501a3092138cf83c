// KVM_{SET,GET,HAS}_DEVICE_ATTR: dispatch by group and attribute.

import { describe, expect, it } from 'vitest';
import { EBUSY, EFAULT, ENXIO } from '../errors.ts';
import { type AttrPayload, type DeviceAttrTable, getDeviceAttr, hasDeviceAttr, setDeviceAttr } from './index.ts';

interface Device {
  values: Record<number, bigint>;
  initialised: boolean;
}

const TABLE: DeviceAttrTable<Device> = {
  1: {
    name: 'REGISTERS',
    attrs: [
      {
        doc: 'registers by offset',
        attrs: [0x100, 0x1ff],
        set: (d, attr, payload) => {
          if (payload === null) return -EFAULT;
          d.values[attr] = payload['value'] as bigint;
          return 0;
        },
        get: (d, attr, out) => {
          out['value'] = d.values[attr] ?? 0n;
          return 0;
        },
      },
    ],
  },
  4: {
    name: 'CTRL',
    attrs: [
      { doc: 'initialise', attrs: 0, set: (d) => (d.initialised ? -EBUSY : 0), errors: { EBUSY: 'done before' } },
    ],
  },
};

describe('device attributes', () => {
  const rows: readonly (readonly [string, number, number, { set: number; get: number; has: number }])[] = [
    ['a range, first', 1, 0x100, { set: 0, get: 0, has: 0 }],
    ['a range, last', 1, 0x1ff, { set: 0, get: 0, has: 0 }],
    ['beyond the range', 1, 0x200, { set: -ENXIO, get: -ENXIO, has: -ENXIO }],
    ['below the range', 1, 0xff, { set: -ENXIO, get: -ENXIO, has: -ENXIO }],
    ['unknown group', 2, 0, { set: -ENXIO, get: -ENXIO, has: -ENXIO }],
    ['write-only', 4, 0, { set: 0, get: -ENXIO, has: 0 }],
  ];
  it.each(rows)('%s', (_name, group, attr, expected) => {
    const device: Device = { values: {}, initialised: false };
    const at = { group, attr };
    const out: AttrPayload = { value: 0n };
    const set = setDeviceAttr(TABLE, device, at, { value: 0x1234_5678_9abcn });
    const get = getDeviceAttr(TABLE, device, at, out);
    expect({ set, get, has: hasDeviceAttr(TABLE, at) }).toEqual(expected);
    if (get === 0) expect(out['value']).toBe(0x1234_5678_9abcn);
  });

  it('hands the handler’s errno on', () => {
    expect(setDeviceAttr(TABLE, { values: {}, initialised: true }, { group: 4, attr: 0 }, { value: 0n })).toBe(-EBUSY);
  });

  it('a pointer that cannot be read is the handler’s to find', () => {
    expect(setDeviceAttr(TABLE, { values: {}, initialised: false }, { group: 1, attr: 0x100 }, null)).toBe(-EFAULT);
  });

  it('can take more attributes than it admits to', () => {
    const table: DeviceAttrTable<null> = {
      1: { name: 'A', attrs: [{ doc: 'a', attrs: [0, 9], has: [0, 3], set: () => 0 }] },
    };
    expect(
      [3, 4, 9].map((attr) => [
        setDeviceAttr(table, null, { group: 1, attr }, {}),
        hasDeviceAttr(table, { group: 1, attr }),
      ]),
    ).toEqual([
      [0, 0],
      [0, -ENXIO],
      [0, -ENXIO],
    ]);
  });
});
