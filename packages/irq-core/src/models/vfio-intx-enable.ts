// An exclusive INTx line is requested while its device already asserts. Linux: drivers/vfio/pci/vfio_pci_intrs.c vfio_intx_set_signal, vfio_intx_handler, vfio_pci_intx_unmask_handler.

import { struct, u1, u8, type View } from '../arena/index.ts';
import { BLOCKED, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** A device without DisINTx: its line is masked with disable_irq, `depth` deep. `masked` is vdev->ctx->masked; `again` is a ghost. */
const Intx = struct('intx', {
  irqlock: lock,
  asserts: u1,
  requested: u1,
  ready: u1,
  depth: u8,
  masked: u1,
  pin: u1,
  again: u1,
});

/** One exclusive INTx line. */
export interface IntxLine {
  readonly intx: View<typeof Intx>;
}

const { protocol } = protocolsOn<IntxLine>();
const { always, quiescent, sometimes } = propertiesOn<IntxLine>();

/** vfio_intx_set_signal: requests the line disabled (IRQF_NO_AUTOEN) and enables it if it is not masked (fe9a7082684e). */
export const requestIntx = protocol('vfio_intx_set_signal', {}, (p) => ({
  request({ intx }) {
    intx.requested = 1;
    intx.depth = 1;
  },
  ...p.locked('irqlock', (m) => m.intx.irqlock, {
    enableUnlessMasked({ intx }) {
      if (intx.masked === 0) intx.depth--;
      intx.ready = 1;
    },
  }),
}));

/** vfio_intx_handler: disables the line, notes that it is masked, signals the guest's pin. */
export const intxInterrupt = protocol('vfio_intx_handler', {}, (p) => ({
  take: p.idle(({ intx }) => (intx.requested === 1 && intx.depth === 0 && intx.asserts === 1 ? undefined : BLOCKED)),
  ...p.locked('irqlock', (m) => m.intx.irqlock, {
    mask({ intx }) {
      intx.depth++;
      intx.masked = 1;
    },
  }),
  signal({ intx }) {
    intx.again = intx.pin;
    intx.pin = 1;
    return 'take';
  },
}));

/** The guest serves the interrupt; its EOI lowers the pin and, through the resamplefd, unmasks the line. */
export const serveIntx = protocol('guest, vfio_pci_intx_unmask_handler', {}, (p) => ({
  take: p.idle(({ intx }) => (intx.pin === 1 ? undefined : BLOCKED)),
  quieten({ intx }) {
    intx.asserts = 0;
  },
  end({ intx }) {
    intx.pin = 0;
  },
  ...p.locked('irqlock', (m) => m.intx.irqlock, {
    unmask({ intx }) {
      if (intx.masked === 1) intx.depth--;
      intx.masked = 0;
    },
  }),
  again: () => 'take',
}));

/** The device asserts up to `left` times. */
export const assertIntx = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.intx.asserts === 1) return BLOCKED;
    m.intx.asserts = 1;
    f.left--;
    return 'stop';
  },
}));

/** A device asserts while its interrupt is set up. */
export const vfioIntxEnable = defineFamily({
  name: 'vfio-intx-enable',
  summary: 'VFIO: an exclusive INTx line is requested while the device asserts',
  scope: { assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 } },
  build: ({ assertions }) =>
    defineModel({
      name: 'vfio-intx-enable',
      layout: { intx: Intx },
      processes: 4,
      protocols: [requestIntx, intxInterrupt, serveIntx, assertIntx],
      machine: ({ intx }): IntxLine => ({ intx }),
      start(_m, spawn) {
        spawn(requestIntx);
        spawn(intxInterrupt);
        spawn(serveIntx);
        spawn(assertIntx, { left: assertions });
      },
      properties: [
        quiescent(
          'no device asserts while its line is disabled',
          ({ intx }) => intx.asserts === 0 || intx.depth === 0,
          {
            consequence: 'the device is mute until the VM is started again: further unmasks do nothing',
          },
        ),
        always(
          'the line is disabled once if it is masked, and not at all if it is not',
          ({ intx }) => intx.ready === 0 || intx.irqlock.holder !== 0 || intx.depth === intx.masked,
          { consequence: 'one enable_irq does not undo two disable_irq' },
        ),
        always('the guest is told once until it has ended the interrupt', ({ intx }) => intx.again === 0, {
          consequence: 'the host takes the same interrupt over and over',
        }),
        sometimes('the guest is told', ({ intx }) => intx.pin === 1),
      ],
    }),
});
