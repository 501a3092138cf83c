// The platform device of the models: wired to VFIO, from there by an irqfd to an SPI, and back by the resamplefd. Linux: drivers/vfio/platform/vfio_platform_irq.c, virt/kvm/eventfd.c.

import { u8 } from '@virq/irq-core/arena';
import { IRQFD_FLAG } from '@virq/irq-core/kvm';
import type { Machine } from '@virq/irq-core/machine';
import { BLOCKED, DONE, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { type ArmMachine, cpuOf, GSI, LINE, spiOf, tallyOf } from './machine.ts';
import { end, type GuestCode, leave, STAGE, take } from './vcpu.ts';

const { protocol } = protocolsOn<ArmMachine>();
const { always, quiescent, sometimes } = propertiesOn<ArmMachine>();

/** The one device. */
export const DEVICE = 0;
/** The first eventfds of a machine. */
const FDS: { readonly trigger: number; readonly resample: number } = { trigger: 1, resample: 2 };
/** VFIO_IRQ_SET_DATA_* with _ACTION_*. */
const [TRIGGER_EVENTFD, UNMASK_EVENTFD, UNMASK_NOW] = [4 | 32, 4 | 16, 1 | 16];

/** Flags of KVM_IRQFD with a resamplefd. */
const RESAMPLE = IRQFD_FLAG.RESAMPLE;

/** The eventfds of the device: what VFIO signals, and what KVM signals at the guest's EOI. */
export interface DeviceFds {
  readonly trigger: number;
  readonly resample: number;
}

/** The eventfds, not yet in anybody's hands. */
export const createFds = (m: Machine): DeviceFds => ({ trigger: m.eventfds.create(), resample: m.eventfds.create() });

/** VFIO opens the device, with its eventfds; the interrupt is on from now. */
export function armDevice(m: Machine, fds: DeviceFds = FDS, resample = true): void {
  m.vfio.open(DEVICE);
  m.vfio.setIrqs(DEVICE, { index: 0, start: 0, count: 1, flags: TRIGGER_EVENTFD, data: [fds.trigger] });
  if (resample) m.vfio.setIrqs(DEVICE, { index: 0, start: 0, count: 1, flags: UNMASK_EVENTFD, data: [fds.resample] });
}

/** KVM_IRQFD of a VM for the device's SPI. */
export const assignIrqfd = (m: Machine, fds: DeviceFds, { vm = 0, resample = true } = {}): number =>
  (m.vms[vm] as Machine['vms'][number]).kvm.irqfd({
    fd: fds.trigger,
    gsi: GSI,
    flags: resample ? RESAMPLE : 0,
    resamplefd: resample ? fds.resample : 0,
  });

/** VFIO_DEVICE_SET_IRQS with ACTION_UNMASK, by the VMM. */
export const unmask = (m: Machine): number =>
  m.vfio.setIrqs(DEVICE, { index: 0, start: 0, count: 1, flags: UNMASK_NOW, data: [] });

/** The device asserts up to `left` times, each time when it is quiet. */
export const device = protocol('device', { left: u8 }, (p) => ({
  assert: p.idle((m, f) => {
    if (f.left === 0) return DONE;
    if (m.vfio.asserts(DEVICE)) return BLOCKED;
    f.left--;
    m.vfio.assert(DEVICE);
    return 'assert';
  }),
}));

/** A driver that quietens its device before it ends the interrupt. */
export const levelDriver: GuestCode = {
  choices: 2,
  act(m, f, choice) {
    if (choice === 1) return leave(m, f);
    if (f.stage === STAGE.IDLE) {
      const taken = take(m, f);
      if (taken !== BLOCKED && !m.vfio.asserts(DEVICE)) tallyOf(m).unasked = 1;
      return taken;
    }
    if (f.stage === STAGE.SERVED) return end(m, f);
    m.vfio.deassert(DEVICE);
    f.stage = STAGE.SERVED;
    return 'guest';
  },
};

/** The same until it crashes with an interrupt in its hands; the next kernel clears what is active by GICD_ICACTIVER, for which every vCPU exits, and goes on. */
export const crashingDriver: GuestCode = {
  choices: 3,
  act(m, f, choice) {
    if (choice < 2) return levelDriver.act(m, f, choice);
    if (f.left === 0 || f.stage === STAGE.IDLE) return BLOCKED;
    f.left--;
    f.stage = STAGE.CRASHED;
    return 'leave';
  },
  trap(m, f) {
    if (f.stage !== STAGE.CRASHED) return undefined;
    if (spiOf(m).irqLock.holder !== 0) return BLOCKED;
    spiOf(m).active = 0;
    cpuOf(m, f.vcpu).ap1.fill(0);
    f.stage = STAGE.IDLE;
    return undefined;
  },
};

/** VFIO has masked the line and nobody has unmasked it. */
export const isMasked = (m: Machine): boolean => m.vfio.state.devices.at(DEVICE).masked === 1;

/** What must hold of the device wherever it is passed through. */
export const HEARD = quiescent(
  'no device asserts while its line is masked',
  (m: ArmMachine) => !m.vfio.asserts(DEVICE) || !isMasked(m),
  {
    consequence: 'the device is mute from then on: nobody will unmask its line',
  },
);
export const OPEN_IN_THE_END = quiescent(
  'nothing is masked in the end',
  (m: ArmMachine) => !isMasked(m) && m.host.state.irqs.at(LINE).depth === 0,
  {
    consequence: 'the next interrupt of the device is not heard',
  },
);
export const ASKED = always(
  'a guest takes an interrupt only while its device asserts',
  (m: ArmMachine) => tallyOf(m).unasked === 0,
  {
    consequence: 'the handler is called for nothing, again and again; Linux gives up after 99,900 times',
  },
);
export const MASKED = sometimes('the line is masked', isMasked);
export const TAKEN = sometimes('the guest takes the interrupt', (m: ArmMachine) => tallyOf(m).taken.get(0) > 0);
