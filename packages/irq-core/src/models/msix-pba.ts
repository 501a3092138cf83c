// A guest masks an MSI-X vector and polls its pending bit, while the device signals an eventfd that KVM would inject from. PCI 3.0, 6.8.2.4 (PBA); virt/kvm/eventfd.c kvm_irqfd_assign; any VMM.

import { struct, u1, type View } from '../arena/index.ts';
import { BLOCKED, defineFamily, defineModel, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** A vector: its mask bit, whether its eventfd is an irqfd of KVM, the eventfd's count, and the guest's command to the device. `delivered`: the handler may run; `early`: it was to run while masked. */
const Vector = struct('vector', {
  masked: u1,
  irqfd: u1,
  count: u1,
  command: u1,
  delivered: u1,
  early: u1,
  polled: u1,
});

/** One vector of an emulated device whose backend is another process. */
export interface MsixPba {
  readonly vector: View<typeof Vector>;
}

const { protocol } = protocolsOn<MsixPba>();
const { never, quiescent, sometimes } = propertiesOn<MsixPba>();

/** KVM takes what the eventfd holds and injects it. */
function inject({ vector }: MsixPba): void {
  vector.early |= vector.masked;
  Object.assign(vector, { count: 0, delivered: 1 });
}

/** The backend answers the guest's command with a signal. */
export const backend = protocol('vhost-user backend', {}, (p) => ({
  wait: p.idle(({ vector }) => (vector.command === 0 ? BLOCKED : undefined)),
  signal(m) {
    Object.assign(m.vector, { command: 0, count: 1 });
    if (m.vector.irqfd === 1) inject(m);
    return 'wait';
  },
}));

/** The pending bit as the VMM answers it: the device has signalled and nobody has taken it. */
export const pendingBit = ({ vector }: MsixPba): number => vector.masked & vector.count;

/** A driver that polls: masks the vector, starts a command, waits for the pending bit, unmasks. The VMM takes the irqfd away with the mask, and assigns it again without. */
export const pollingDriver = protocol('polling driver', {}, () => ({
  mask({ vector }) {
    Object.assign(vector, { masked: 1, irqfd: 0 });
  },
  command({ vector }) {
    vector.command = 1;
  },
  readPba: (m) => (pendingBit(m) === 0 ? BLOCKED : undefined),
  unmask({ vector }) {
    Object.assign(vector, { masked: 0, polled: 1 });
  },
  assign(m) {
    m.vector.irqfd = 1;
    if (m.vector.count === 1) inject(m);
  },
}));

/** A masked vector is polled. */
export const msixPba = defineFamily({
  name: 'msix-pba',
  summary: 'MSI-X: a driver polls the pending bit of a vector whose eventfd goes to KVM',
  scope: {},
  build: () =>
    defineModel({
      name: 'msix-pba',
      layout: { vector: Vector },
      processes: 2,
      protocols: [backend, pollingDriver],
      machine: (root): MsixPba => root,
      start(m, spawn) {
        m.vector.irqfd = 1;
        spawn(backend);
        spawn(pollingDriver);
      },
      properties: [
        never('a masked vector interrupts', ({ vector }) => vector.early === 1),
        quiescent(
          'what came while the vector was masked is delivered after it',
          ({ vector }) => vector.delivered === 1,
          {
            consequence: 'the driver polls for ever, or never sees its interrupt',
          },
        ),
        quiescent('nothing is left in the eventfd', ({ vector }) => vector.count === 0),
        sometimes('the driver sees the pending bit', ({ vector }) => vector.polled === 1),
      ],
    }),
});
