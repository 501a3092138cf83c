// A level interrupt that VFIO masks, ended by the guest through a resampler; and the guest that ends it before its device is quiet.
// Linux: virt/kvm/eventfd.c irqfd_resampler_ack, irqfd_inject; arch/x86/kvm/ioapic.c ioapic_write_indirect (resample at unmask); drivers/vfio/virqfd.c.

import { struct, u1, u8, type View } from '../arena/index.ts';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** The device; VFIO's mask; the pin as the IOAPIC has it: level pending, masked by the guest, in service. Counts for the ghost properties. */
const Device = struct('device', { asserts: u1, masked: u1, raised: u8 });
const Pin = struct('pin', { pending: u1, masked: u1, inService: u1, delivered: u8 });

/** One device on one pin. */
export interface Resample {
  readonly device: View<typeof Device>;
  readonly pin: View<typeof Pin>;
}

const { protocol } = protocolsOn<Resample>();
const { always, quiescent, sometimes } = propertiesOn<Resample>();

function maskLine(m: Resample): typeof BLOCKED | undefined {
  if (m.device.asserts === 0 || m.device.masked === 1) return BLOCKED;
  m.device.masked = 1;
  return undefined;
}

/** VFIO's handler masks the host line and signals the irqfd, whose worker raises the pin some time later. */
export const hostInterrupt = protocol('vfio_automasked_irq_handler, irqfd_inject', {}, (p) => ({
  mask: p.idle(maskLine),
  inject(m) {
    m.pin.pending = 1;
    return 'mask';
  },
}));

/** The same with a pin that is raised in the handler, as if the irqfd needed no worker. */
export const hostInterruptAtOnce = protocol('vfio_automasked_irq_handler', {}, (p) => ({
  maskAndInject: p.idle((m) => {
    if (maskLine(m) === BLOCKED) return BLOCKED;
    m.pin.pending = 1;
    return 'maskAndInject';
  }),
}));

/** irqfd_resampler_ack on EOI: lowers the pin, once and first, then signals every resamplefd: VFIO unmasks. */
const ack = {
  lower(m: Resample) {
    m.pin.pending = 0;
  },
  signal(m: Resample) {
    m.device.masked = 0;
  },
};

/** A driver that quietens its device before it ends the interrupt. */
export const guest = protocol('guest, irqfd_resampler_ack', {}, (p) => ({
  take: p.idle((m) => {
    if (m.pin.pending === 0) return BLOCKED;
    m.pin.inService = 1;
    m.pin.delivered++;
    return undefined;
  }),
  quieten(m) {
    m.device.asserts = 0;
  },
  end(m) {
    m.pin.inService = 0;
  },
  ...ack,
  again: () => 'take',
}));

/**
 * A driver with IRQF_ONESHOT: its hard handler masks the pin and ends the interrupt; its thread quietens the device and unmasks the pin.
 * At the unmask a pending level with a resampler is not delivered but resampled (fef8f2b90edb).
 */
export const oneshotGuest = protocol('guest with IRQF_ONESHOT', {}, (p) => ({
  take: p.idle((m) => {
    if (m.pin.pending === 0 || m.pin.masked === 1) return BLOCKED;
    m.pin.delivered++;
    return undefined;
  }),
  maskPin(m) {
    m.pin.masked = 1;
  },
  ...ack,
  quieten(m) {
    m.device.asserts = 0;
  },
  resamplePending(m) {
    if (m.pin.pending === 0) return;
    m.pin.pending = 0;
    m.device.masked = 0;
  },
  unmaskPin(m) {
    m.pin.masked = 0;
    return 'take';
  },
}));

/** The device asserts up to `left` times. */
export const device = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.device.asserts === 1) return BLOCKED;
    m.device.asserts = 1;
    m.device.raised++;
    f.left--;
    return 'stop';
  },
}));

const layout = { device: Device, pin: Pin };
const assertions = { says: 'times the device asserts', default: 2, min: 1, max: 3 };
const worker = { says: "1: the irqfd's worker raises the pin later; 0: at once", default: 0, min: 0, max: 1 };

const heard = quiescent(
  'no device asserts while its line is masked',
  (m) => m.device.asserts === 0 || m.device.masked === 0,
  {
    consequence: 'the device is mute: nobody will unmask its line',
  },
);
const onlyRaised = always('nothing is delivered that no device has raised', (m) => m.pin.delivered <= m.device.raised, {
  consequence: 'every interrupt comes twice: bogus wake-ups from suspend, invalid reports of a touchpad',
});
const pinMeansMask = always(
  'the pin is high only while the host line is masked',
  (m) => m.pin.pending === 0 || m.device.masked === 1,
);
const served = sometimes('an interrupt is delivered', (m) => m.pin.delivered === 1);

/** A level interrupt with a resampler. */
export const resample = defineFamily({
  name: 'resample',
  summary: 'irqfd: a level interrupt masked by VFIO until the guest ends it',
  scope: { assertions },
  build: (scope) =>
    defineModel({
      name: 'resample',
      layout,
      processes: 3,
      protocols: [hostInterrupt, guest, device],
      machine: (root): Resample => root,
      start(_m, spawn) {
        spawn(hostInterrupt);
        spawn(guest);
        spawn(device, { left: scope.assertions });
      },
      properties: [
        onlyRaised,
        heard,
        quiescent('no interrupt stays in service', (m) => m.pin.inService === 0),
        served,
        sometimes('the pin is low again', (m) => m.pin.delivered === 1 && m.pin.pending === 0),
      ],
    }),
});

/** The same with a driver that ends the interrupt before its device is quiet. With a worker (`worker: 1`) the kernel's fix narrows the window and does not close it. */
export const oneshotResample = defineFamily({
  name: 'oneshot-resample',
  summary: 'irqfd: a level interrupt ended before its device is quiet (IRQF_ONESHOT)',
  scope: { assertions, worker },
  build: (scope) =>
    defineModel({
      name: 'oneshot-resample',
      layout,
      processes: 3,
      protocols: [hostInterrupt, hostInterruptAtOnce, oneshotGuest, device],
      machine: (root): Resample => root,
      start(_m, spawn) {
        if (scope.worker === 1) spawn(hostInterrupt);
        else spawn(hostInterruptAtOnce);
        spawn(oneshotGuest);
        spawn(device, { left: scope.assertions });
      },
      properties: [onlyRaised, pinMeansMask, heard, served],
    }),
});
