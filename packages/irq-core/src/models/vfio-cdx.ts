// Two threads call VFIO_DEVICE_SET_IRQS of a CDX device at once. Linux: drivers/vfio/cdx/intr.c vfio_cdx_set_msi_trigger, vfio_cdx_msi_enable, vfio_cdx_msi_disable.

import { handle, pool, struct, u1, u8, type View, type ViewOf } from '../arena/index.ts';
import { DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** The array of struct vfio_cdx_irq, as one. */
const Vectors = struct('vectors', { trigger: u1 });
const VectorArrays = pool(Vectors, 2);
/** struct vfio_cdx_device: cdx_irqs_lock, config_msi, cdx_irqs. */
const Device = struct('device', { lock, configMsi: u1, vectors: handle, wasSet: u1 });

/** A device with MSIs. */
export interface CdxDevice {
  readonly arrays: ViewOf<typeof VectorArrays>;
  readonly device: View<typeof Device>;
}

const { protocol } = protocolsOn<CdxDevice>();
const { quiescent, sometimes } = propertiesOn<CdxDevice>();

/** An ioctl that sets eventfds, `left` times: enables MSIs if that is not done, under one lock with everything that may free the vectors (670e8864b1a2). */
export const setVectors = protocol('vfio_cdx_set_msi_trigger', { left: u8 }, (p) => ({
  ...p.locked('cdx_irqs', (m) => m.device.lock, {
    testConfig: (m) => (m.device.configMsi === 1 ? 'setBlock' : undefined),
    enable(m) {
      Object.assign(m.device, { vectors: m.arrays.alloc(), configMsi: 1 });
    },
    setBlock(m) {
      m.arrays.at(m.device.vectors).trigger = 1;
      m.device.wasSet = 1;
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock cdx_irqs';
  },
}));

/** An ioctl that disables MSIs, `left` times. */
export const disableMsi = protocol('vfio_cdx_msi_disable', { left: u8 }, (p) => ({
  ...p.locked('cdx_irqs', (m) => m.device.lock, {
    testConfig: (m) => (m.device.configMsi === 0 ? 'unlock cdx_irqs' : undefined),
    free: (m) => m.arrays.free(m.device.vectors),
    clear(m) {
      Object.assign(m.device, { vectors: 0, configMsi: 0 });
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock cdx_irqs';
  },
}));

/** Vectors are set by one thread and disabled by another. */
export const vfioCdx = defineFamily({
  name: 'vfio-cdx',
  summary: 'VFIO CDX: one thread sets vectors while another disables them',
  scope: { calls: { says: 'ioctls of each thread', default: 2, min: 1, max: 3 } },
  build: ({ calls }) =>
    defineModel({
      name: 'vfio-cdx',
      layout: { arrays: VectorArrays, device: Device },
      processes: 2,
      protocols: [setVectors, disableMsi],
      machine: (root): CdxDevice => root,
      start(_m, spawn) {
        spawn(setVectors, { left: calls - 1 });
        spawn(disableMsi, { left: calls - 1 });
      },
      properties: [
        quiescent(
          'a device has vectors if and only if it says so',
          ({ device, arrays }) => arrays.count() === device.configMsi,
          { consequence: 'vectors are leaked, or used after they were freed' },
        ),
        sometimes('a vector is set', (m) => m.device.wasSet === 1),
        sometimes('MSIs are disabled again', (m) => m.device.wasSet === 1 && m.device.configMsi === 0),
      ],
    }),
});
