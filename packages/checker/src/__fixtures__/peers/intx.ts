// K devices on one shared INTx line, masked by DisINTx; the protocol that SPIN, TLC, Murphi and Quint were given too.

import { array, bits, struct, u1, type View } from '@virq/irq-core/arena';
import { BLOCKED, defineModel, type Edits, propertiesOn, protocolsOn, replace } from '@virq/irq-core/protocol';

/** Status bit, DisINTx, event to the guest, guest at work, config lock. */
const Device = struct('device', { asserted: u1, disabled: u1, event: u1, serving: u1, locked: u1 });

interface Bus {
  readonly devices: { readonly length: number; at(i: number): View<typeof Device> };
  /** The first devices belong to the host. */
  readonly hostOwned: number;
}

const { protocol } = protocolsOn<Bus>();
const { never } = propertiesOn<Bus>();
const index = bits(4);

const device = protocol('device', { d: index }, () => ({
  raise(m, f) {
    const d = m.devices.at(f.d);
    if (d.asserted === 1) return BLOCKED;
    d.asserted = 1;
    return 'raise';
  },
}));

const guest = protocol('guest', { d: index }, () => ({
  take(m, f) {
    const d = m.devices.at(f.d);
    if (d.event === 0 || d.serving === 1) return BLOCKED;
    d.event = 0;
    d.serving = 1;
    return undefined;
  },
  serve(m, f) {
    m.devices.at(f.d).asserted = 0;
  },
  unmask(m, f) {
    const d = m.devices.at(f.d);
    if (d.locked === 1) return BLOCKED;
    if (d.asserted === 1) d.event = 1;
    else d.disabled = 0;
    d.serving = 0;
    return 'take';
  },
}));

const config = protocol('config writer', { d: index, copy: u1 }, () => ({
  read(m, f) {
    const d = m.devices.at(f.d);
    if (d.locked === 1) return BLOCKED;
    d.locked = 1;
    f.copy = d.disabled;
    return undefined;
  },
  write(m, f) {
    const d = m.devices.at(f.d);
    d.locked = 0;
    d.disabled = f.copy;
    f.copy = 0;
    return 'read';
  },
}));

function line(m: Bus): boolean {
  for (let i = 0; i < m.devices.length; i++) {
    const d = m.devices.at(i);
    if (d.asserted === 1 && d.disabled === 0) return true;
  }
  return false;
}

const host = protocol('host', { at: index, handled: u1 }, () => ({
  wait: (m) => (line(m) ? undefined : BLOCKED),
  scan(m, f) {
    if (f.at === m.devices.length) {
      f.at = 0;
      f.handled = 0;
      return 'wait';
    }
    const d = m.devices.at(f.at);
    const own = f.at < m.hostOwned;
    if (!own && d.locked === 1) return BLOCKED;
    if (d.asserted === 1 && (own || d.disabled === 0)) {
      if (own) d.asserted = 0;
      else [d.disabled, d.event] = [1, 1];
      f.handled = 1;
    }
    f.at++;
    return 'scan';
  },
}));

/** The bug: nobody looks at the config lock. */
export const intxWithoutLock: Edits = [
  [
    guest,
    replace(guest, 'unmask', (m, f) => {
      const d = m.devices.at(f.d);
      if (d.asserted === 1) d.event = 1;
      else d.disabled = 0;
      d.serving = 0;
      return 'take';
    }),
  ],
];

/** The model for K devices. */
export const intx = (K: number, hostOwned = 1) =>
  defineModel({
    name: 'intx',
    layout: { devices: array(Device, K) },
    processes: 1 + K + 2 * (K - hostOwned),
    protocols: [device, guest, config, host],
    machine: ({ devices }): Bus => ({ devices, hostOwned }),
    start(_m, spawn) {
      spawn(host);
      for (let d = 0; d < K; d++) {
        spawn(device, { d });
        if (d < hostOwned) continue;
        spawn(guest, { d });
        spawn(config, { d });
      }
    },
    properties: [
      never(
        'a device is masked and nobody will unmask it',
        (m, i) => {
          const d = m.devices.at(hostOwned + i);
          return d.disabled === 1 && d.event === 0 && d.serving === 0;
        },
        { over: K - hostOwned },
      ),
    ],
  });
