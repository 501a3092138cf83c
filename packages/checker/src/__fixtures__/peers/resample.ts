// irqfd resample: level devices, automask, EOI → resample → unmask, and a routing update; the protocol that SPIN was given too.

import { array, bits, struct, u1, type View } from '@virq/irq-core/arena';
import { BLOCKED, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** Level, masked at the host, host handler at work, eventfd, injection at work, resamplefd, unmask at work, route (which of two pins). */
const Device = struct('device', {
  level: u1,
  masked: u1,
  handling: u1,
  event: u1,
  injecting: u1,
  resample: u1,
  unmasking: u1,
  route: u1,
});
const Pin = struct('pin', { line: u1, remoteIrr: u1, pending: u1 });
/** `stage`: 0 idle, 1 handling, 3 and 4 in the ack notifier, 5 behind it. */
const Cpu = struct('cpu', { stage: bits(3), pin: bits(3) });
const Router = struct('router', { stage: bits(2), device: bits(2) });

interface Host {
  readonly devices: { readonly length: number; at(i: number): View<typeof Device> };
  readonly pins: { readonly length: number; at(i: number): View<typeof Pin> };
  readonly cpus: { readonly length: number; at(i: number): View<typeof Cpu> };
  readonly router: View<typeof Router>;
}

const { protocol } = protocolsOn<Host>();
const { never } = propertiesOn<Host>();
const index = bits(3);

const device = protocol('device', { d: index }, () => ({
  raise(m, f) {
    const d = m.devices.at(f.d);
    if (d.level === 1) return BLOCKED;
    d.level = 1;
    return 'raise';
  },
}));

const hostIrq = protocol('host irq', { d: index }, () => ({
  mask(m, f) {
    const d = m.devices.at(f.d);
    if (d.level === 0 || d.masked === 1 || d.handling === 1) return BLOCKED;
    d.masked = 1;
    d.handling = 1;
    return undefined;
  },
  signal(m, f) {
    const d = m.devices.at(f.d);
    d.handling = 0;
    d.event = 1;
    return 'mask';
  },
}));

const inject = protocol('inject', { d: index, route: u1 }, () => ({
  take(m, f) {
    const d = m.devices.at(f.d);
    if (d.event === 0 || d.injecting === 1) return BLOCKED;
    d.event = 0;
    d.injecting = 1;
    f.route = d.route;
    return undefined;
  },
  raise(m, f) {
    const pin = m.pins.at(2 * f.d + f.route);
    if (pin.remoteIrr === 0) {
      pin.remoteIrr = 1;
      pin.pending = 1;
    }
    pin.line = 1;
    m.devices.at(f.d).injecting = 0;
    f.route = 0;
    return 'take';
  },
}));

const unmask = protocol('unmask', { d: index }, () => ({
  take(m, f) {
    const d = m.devices.at(f.d);
    if (d.resample === 0 || d.unmasking === 1) return BLOCKED;
    d.resample = 0;
    d.unmasking = 1;
    return undefined;
  },
  open(m, f) {
    const d = m.devices.at(f.d);
    d.unmasking = 0;
    d.masked = 0;
    return 'take';
  },
}));

const guest = (pins: number) =>
  protocol('guest', { v: index }, (p) => ({
    acknowledge: p.choose(pins, (m, f, _self, q) => {
      if (m.pins.at(q).pending === 0) return BLOCKED;
      m.pins.at(q).pending = 0;
      const c = m.cpus.at(f.v);
      c.pin = q;
      c.stage = 1;
      return undefined;
    }),
    serve(m, f) {
      m.devices.at(m.cpus.at(f.v).pin >> 1).level = 0;
    },
    end(m, f) {
      const c = m.cpus.at(f.v);
      const notify = m.devices.at(c.pin >> 1).route === (c.pin & 1);
      c.stage = notify ? 3 : 5;
      return notify ? 'lowerLine' : 'finish';
    },
    lowerLine(m, f) {
      const c = m.cpus.at(f.v);
      m.pins.at(c.pin).line = 0;
      c.stage = 4;
    },
    signalResample(m, f) {
      const c = m.cpus.at(f.v);
      m.devices.at(c.pin >> 1).resample = 1;
      c.stage = 5;
    },
    finish(m, f) {
      const c = m.cpus.at(f.v);
      const pin = m.pins.at(c.pin);
      if (pin.line === 1) pin.pending = 1;
      else pin.remoteIrr = 0;
      c.pin = 0;
      c.stage = 0;
      return 'acknowledge';
    },
  }));

const inNotifier = (stage: number): boolean => stage === 3 || stage === 4;

function isQuiet(m: Host): boolean {
  for (let d = 0; d < m.devices.length; d++) if (m.devices.at(d).injecting === 1) return false;
  for (let v = 0; v < m.cpus.length; v++) if (inNotifier(m.cpus.at(v).stage)) return false;
  return true;
}

const updateRoutes = (routes: number) =>
  protocol('routing update', {}, (p) => ({
    publish: p.choose(routes, (m, _f, _self, d) => {
      m.router.stage = 1;
      m.router.device = d;
      m.devices.at(d).route ^= 1;
    }),
    wait(m) {
      if (!isQuiet(m)) return BLOCKED;
      m.router.stage = 2;
      return undefined;
    },
    handOver(m) {
      const d = m.devices.at(m.router.device);
      const old = m.pins.at(2 * m.router.device + 1 - d.route);
      if (old.line === 1) {
        old.line = 0;
        d.resample = 1;
      }
      m.router.device = 0;
      m.router.stage = 0;
      return 'publish';
    },
  }));

/** Masked at the host, and nothing on the way that could unmask it. */
function isStuck(m: Host, i: number): boolean {
  const d = m.devices.at(i);
  if (d.masked === 0) return false;
  if ((d.handling | d.event | d.injecting | d.resample | d.unmasking) === 1) return false;
  if (m.pins.at(2 * i + d.route).line === 1) return false;
  if (m.router.stage > 0 && m.router.device === i && m.pins.at(2 * i + 1 - d.route).line === 1) return false;
  for (let v = 0; v < m.cpus.length; v++) {
    const c = m.cpus.at(v);
    if (inNotifier(c.stage) && c.pin >> 1 === i) return false;
  }
  return true;
}

/** The model for K devices, of which the first `routes` have their route updated, and one vCPU. */
export function resample(K: number, routes: number) {
  const [cpu, router] = [guest(2 * K), updateRoutes(routes)];
  return defineModel({
    name: 'resample',
    layout: { devices: array(Device, K), pins: array(Pin, 2 * K), cpus: array(Cpu, 1), router: Router },
    processes: 4 * K + 2,
    protocols: [device, hostIrq, inject, unmask, cpu, router],
    machine: ({ devices, pins, cpus, router: r }): Host => ({ devices, pins, cpus, router: r }),
    start(_m, spawn) {
      for (let d = 0; d < K; d++) {
        spawn(device, { d });
        spawn(hostIrq, { d });
        spawn(inject, { d });
        spawn(unmask, { d });
      }
      spawn(cpu);
      spawn(router);
    },
    properties: [never('a device is masked and nothing will unmask it', isStuck, { over: K })],
  });
}
