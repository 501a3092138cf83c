// A guest clears DisINTx in config space while an ioctl changes the device's interrupt mode. Linux: drivers/vfio/pci/vfio_pci_intrs.c vfio_pci_intx_unmask, vfio_intx_enable, vfio_intx_disable.

import { handle, pool, struct, u1, u8, type View, type ViewOf } from '../arena/index.ts';
import { DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** struct vfio_pci_irq_ctx of INTx. */
const Context = struct('context', { masked: u1 });
const Contexts = pool(Context, 1);
/** A device: igate, irq_type (INTx or none), its context, and whether the guest's write has unmasked it. */
const Device = struct('device', { igate: lock, isIntx: u1, context: handle, unmasked: u1 });

/** A device whose interrupt mode changes. */
export interface IntxLock {
  readonly contexts: ViewOf<typeof Contexts>;
  readonly device: View<typeof Device>;
}

const { protocol } = protocolsOn<IntxLock>();
const { always, sometimes } = propertiesOn<IntxLock>();

/** vfio_pci_intx_unmask, from a write of the command register: irq_type and what belongs to it are looked at under igate (810cd4bb5345). `left` times. */
export const writeCommand = protocol('vfio_pci_intx_unmask', { left: u8 }, (p) => ({
  ...p.locked('igate', (m) => m.device.igate, {
    isIntx: (m) => (m.device.isIntx === 1 ? undefined : 'unlock igate'),
    unmask(m) {
      m.contexts.at(m.device.context).masked = 0;
      m.device.unmasked = 1;
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock igate';
  },
}));

/** VFIO_DEVICE_SET_IRQS: INTx off, and `left` times on or off again. */
export const setIrqs = protocol('VFIO_DEVICE_SET_IRQS', { left: u8 }, (p) => ({
  ...p.locked('igate', (m) => m.device.igate, {
    freeContext(m) {
      if (m.device.isIntx === 0) return 'allocate';
      m.contexts.free(m.device.context);
      return undefined;
    },
    leaveIntx(m) {
      m.device.isIntx = 0;
      return 'unlock igate';
    },
    allocate(m) {
      m.device.context = m.contexts.alloc();
      m.contexts.at(m.device.context).masked = 1;
    },
    enterIntx(m) {
      m.device.isIntx = 1;
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock igate';
  },
}));

/** The mode of a device changes under a guest that unmasks it. */
export const vfioIntxLock = defineFamily({
  name: 'vfio-intx-lock',
  summary: "VFIO: a guest unmasks its INTx by config space while an ioctl changes the device's interrupt mode",
  scope: {
    writes: { says: 'times the guest clears DisINTx', default: 2, min: 1, max: 3 },
    changes: { says: 'times INTx is switched on or off after it was switched off', default: 2, min: 0, max: 3 },
  },
  build: ({ writes, changes }) =>
    defineModel({
      name: 'vfio-intx-lock',
      layout: { contexts: Contexts, device: Device },
      processes: 2,
      protocols: [writeCommand, setIrqs],
      machine: (root): IntxLock => root,
      start(m, spawn) {
        m.device.context = m.contexts.alloc();
        m.contexts.at(m.device.context).masked = 1;
        m.device.isIntx = 1;
        spawn(writeCommand, { left: writes - 1 });
        spawn(setIrqs, { left: changes });
      },
      properties: [
        always(
          'a device in INTx mode has a context',
          ({ device, contexts }) =>
            device.igate.holder !== 0 || (device.isIntx === 1) === contexts.isLive(device.context),
        ),
        sometimes('the guest unmasks', (m) => m.device.unmasked === 1),
        sometimes('the device has no interrupt mode', (m) => m.device.isIntx === 0),
      ],
    }),
});
