// A platform device's level interrupt, masked by VFIO until the guest ends it, through a VM that is killed and the next one's set-up.
// Linux: drivers/vfio/platform/vfio_platform_irq.c vfio_automasked_irq_handler, virt/kvm/eventfd.c irqfd_resampler_ack, arch/arm64/kvm/vgic/vgic-mmio.c.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import {
  BLOCKED,
  DONE,
  defineFamily,
  defineModel,
  type Outcome,
  propertiesOn,
  protocolsOn,
  type Spawn,
} from '@virq/irq-core/protocol';

/** The device's line. */
const Device = struct('device', { asserts: u1 });
/** VFIO's side: the trigger is set, the host line is masked, a handler is under way. `owed` is a ghost: the guest has not yet ended what was signalled. */
const Vfio = struct('vfio', { open: u1, masked: u1, handling: u1, owed: u1, early: u1 });
/** One SPI: the input line, the soft-pending latch, enable, active. */
const Spi = struct('spi', { line: u1, latch: u1, enabled: u1, active: u1, served: u1 });

/** Device, VFIO, one SPI, and which VM is alive. */
export interface Automask {
  readonly device: ViewOf<typeof Device>;
  readonly vfio: ViewOf<typeof Vfio>;
  readonly spi: ViewOf<typeof Spi>;
  /** Number of the VM that lives. */
  readonly vm: { current: number };
  readonly spawn: Spawn<Automask>;
}

const { protocol } = protocolsOn<Automask>();
const { always, quiescent, sometimes } = propertiesOn<Automask>();

/** vfio_automasked_irq_handler, and the irqfd behind its eventfd: masks the host line once, then raises the SPI's input. */
export const vfioIrq = protocol('vfio_automasked_irq_handler', {}, (p) => ({
  mask: p.idle((m) => {
    const { vfio, device } = m;
    if (device.asserts === 0 || vfio.open === 0 || vfio.masked === 1) return BLOCKED;
    vfio.masked = 1;
    vfio.handling = 1;
    vfio.early = vfio.owed;
    vfio.owed = 1;
    return undefined;
  }),
  raiseLine(m) {
    m.spi.line = 1;
    m.vfio.handling = 0;
    return 'mask';
  },
}));

const isPending = ({ spi }: Automask): boolean => spi.line === 1 || spi.latch === 1;

/** irqfd_resampler_ack when the VGIC sees the end of the interrupt: lowers the input; the resamplefd unmasks the host line. */
export function acknowledge(m: Automask): void {
  m.spi.line = 0;
  m.vfio.masked = 0;
}

type Next = Outcome<'wait' | 'quieten'>;

/** A step of a guest: nothing once its VM is dead. */
const inVm =
  (body: (m: Automask, choice: number) => Next) =>
  (m: Automask, f: { vm: number }, _self = 0, choice = 0): Next =>
    m.vm.current === f.vm ? body(m, choice) : DONE;

/** Guest writes GICD_ICPENDR: clears the latch, never the input. Firmware and kernels do so while setting up (faa1b46c3e9f). */
export const clearPending = inVm((m) => {
  m.spi.latch = 0;
});

/** A guest: sets the SPI up, serves it, ends it. Its driver may write ICPENDR in the handler as well. */
export const guest = protocol('guest', { vm: u8 }, (p) => ({
  clearPending,
  enable: inVm((m) => {
    m.spi.enabled = 1;
  }),
  wait: p.idle(
    inVm((m) => {
      if (m.spi.enabled === 0 || m.spi.active === 1 || !isPending(m)) return BLOCKED;
      m.spi.active = 1;
      m.spi.latch = 0;
      return undefined;
    }),
  ),
  handle: p.choose(
    2,
    inVm((_m, choice) => (choice === 0 ? 'quieten' : undefined)),
  ),
  clearInHandler: clearPending,
  quieten: inVm((m) => {
    m.device.asserts = 0;
    m.spi.served = 1;
  }),
  end: inVm((m) => {
    m.spi.active = 0;
    m.vfio.owed = 0;
  }),
  resample: inVm((m) => {
    acknowledge(m);
    return 'wait';
  }),
}));

/** The device, which asserts up to `left` times more, each time when it is quiet. */
export const device = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.device.asserts === 1) return BLOCKED;
    m.device.asserts = 1;
    f.left--;
    return 'stop';
  },
}));

/** The VM is killed at any moment; VFIO lets the device go (a fresh open begins unmasked), and another VM takes it. */
export const killAndRestart = protocol('VMM killed, vfio_platform_release', {}, () => ({
  kill(m) {
    m.vm.current++;
  },
  release(m) {
    const { vfio, spi } = m;
    if (vfio.handling === 1) return BLOCKED;
    Object.assign(vfio, { open: 0, masked: 0, owed: 0 });
    Object.assign(spi, { line: 0, latch: 0, enabled: 0, active: 0 });
    return undefined;
  },
  open(m) {
    m.vfio.open = 1;
  },
  start(m) {
    m.spawn(guest, { vm: m.vm.current });
  },
}));

/** A device that asserts from the beginning, as the one of a killed VM does. */
export const vfioAutomask = defineFamily({
  name: 'vfio-automask',
  summary:
    'Arm: a level interrupt that VFIO masks until the guest ends it, through a killed VM and the set-up of the next',
  scope: {
    assertions: { says: 'times the device asserts again', default: 1, min: 0, max: 3 },
    kills: { says: 'VMs that are killed', default: 0, min: 0, max: 1 },
  },
  build: ({ assertions, kills }) =>
    defineModel({
      name: 'vfio-automask',
      layout: { device: Device, vfio: Vfio, spi: Spi, vm: struct('vm', { current: u8 }) },
      processes: 5,
      protocols: [vfioIrq, guest, device, killAndRestart],
      machine: (root, spawn): Automask => ({ ...pick(root), spawn }),
      start(m, spawn) {
        m.device.asserts = 1;
        m.vfio.open = 1;
        spawn(vfioIrq);
        spawn(guest, { vm: 0 });
        if (assertions > 0) spawn(device, { left: assertions });
        if (kills > 0) spawn(killAndRestart);
      },
      properties: [
        always('the host line stays masked until the guest has ended the interrupt', (m) => m.vfio.early === 0, {
          consequence: 'the host takes the same interrupt over and over while the guest is still handling it',
        }),
        quiescent('no device asserts while its line is masked', (m) => m.device.asserts === 0 || m.vfio.masked === 0, {
          consequence: 'the device is mute from then on: nobody will unmask its line',
        }),
        sometimes('the interrupt is served', (m) => m.spi.served === 1),
        sometimes('the host line is masked', (m) => m.vfio.masked === 1),
      ],
    }),
});

const pick = ({ device, vfio, spi, vm }: Omit<Automask, 'spawn'>): Omit<Automask, 'spawn'> => ({
  device,
  vfio,
  spi,
  vm,
});
