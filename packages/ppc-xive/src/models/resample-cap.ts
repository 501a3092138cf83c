// A level interrupt of an assigned device: VFIO masks it when it fires, and somebody has to unmask it after the guest's EOI. Who, depends on what KVM says it can do.
// Linux: arch/powerpc/kvm/powerpc.c kvm_vm_ioctl_check_extension (KVM_CAP_IRQFD_RESAMPLE); book3s_xics.c ics_eoi calls kvm_notify_acked_irq, book3s_xive.c does not. QEMU: hw/vfio/pci.c.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** Interrupt controllers of a POWER guest. */
const CHIP = { XICS: 0, XIVE: 1 } as const;

/** The VM's `chip`; whether the VMM uses a `resample` irqfd. The device's line, VFIO's mask, the eventfd, the guest's line; `served` counts assertions that the guest has seen to. */
const Intx = struct('intx', {
  chip: u8,
  decided: u1,
  resample: u1,
  line: u1,
  masked: u1,
  signalled: u1,
  guestLine: u1,
  served: u8,
});

/** INTx of an assigned device. */
export interface ResampleCap {
  readonly intx: ViewOf<typeof Intx>;
}

const { protocol } = protocolsOn<ResampleCap>();
const { always, leadsTo, quiescent, sometimes } = propertiesOn<ResampleCap>();

/** KVM_CAP_IRQFD_RESAMPLE: only where an EOI tells the ack notifiers (52882b9c7a76). */
export const hasResample = ({ intx }: ResampleCap): number => (intx.chip === CHIP.XICS ? 1 : 0);

/** The VMM sets up INTx: a resample irqfd if it can have one, else it handles the eventfd itself and unmasks when it sees the guest at the device. */
export const setUpIntx = protocol('vfio_intx_enable_kvm', {}, () => ({
  checkExtension(m) {
    m.intx.resample = hasResample(m);
  },
  enable({ intx }) {
    intx.decided = 1;
  },
}));

/** The device asserts its line, `left` times, each time when it is quiet. */
export const device = protocol('device', { left: u8 }, () => ({
  assert({ intx }, f) {
    if (f.left === 0) return DONE;
    if (intx.line === 1) return BLOCKED;
    f.left--;
    intx.line = 1;
    return 'assert';
  },
}));

/** vfio_intx_handler, then the irqfd or the VMM: the line is masked, the guest's line goes up. */
export const hostInterrupt = protocol('vfio_intx_handler', {}, (p) => ({
  wait: p.idle(({ intx }) => (intx.decided === 1 && intx.line === 1 && intx.masked === 0 ? undefined : BLOCKED)),
  mask({ intx }) {
    Object.assign(intx, { masked: 1, signalled: 1 });
  },
  inject({ intx }) {
    Object.assign(intx, { signalled: 0, guestLine: 1 });
    return 'wait';
  },
}));

/** The guest's handler quietens the device, which a VMM without resampling sees, and ends the interrupt, which XICS tells the resampler. */
export const guest = protocol('guest handler', {}, (p) => ({
  take: p.idle(({ intx }) => (intx.guestLine === 0 ? BLOCKED : undefined)),
  quieten({ intx }) {
    Object.assign(intx, { line: 0, served: intx.served + intx.line });
    if (intx.resample === 0) Object.assign(intx, { guestLine: 0, masked: 0 });
  },
  eoi({ intx }) {
    if (intx.resample === 1 && intx.chip === CHIP.XICS) Object.assign(intx, { guestLine: 0, masked: 0 });
    return 'take';
  },
}));

/** An assigned device interrupts a guest by INTx. */
export const resampleCap = defineFamily({
  name: 'resample-cap',
  summary:
    'POWER: INTx of an assigned device, unmasked by a resampler or by the VMM, as the interrupt controller allows',
  scope: {
    chip: {
      says: '0: XICS emulation; 1: XIVE, or XICS on top of it',
      default: CHIP.XIVE,
      min: CHIP.XICS,
      max: CHIP.XIVE,
    },
    assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 },
  },
  build: ({ chip, assertions }) =>
    defineModel({
      name: 'resample-cap',
      layout: { intx: Intx },
      processes: 4,
      protocols: [setUpIntx, device, hostInterrupt, guest],
      machine: (root): ResampleCap => root,
      start(m, spawn) {
        m.intx.chip = chip;
        spawn(setUpIntx);
        spawn(device, { left: assertions });
        spawn(hostInterrupt);
        spawn(guest);
      },
      properties: [
        leadsTo(
          'a line that was masked is unmasked',
          ({ intx }) => intx.masked === 1,
          ({ intx }) => intx.masked === 0,
          { consequence: "the device is heard once and never again, and the guest's handler is called for nothing" },
        ),
        quiescent('every assertion is served', ({ intx }) => intx.served === assertions),
        always(
          'the guest is interrupted only while the line is masked',
          ({ intx }) => intx.guestLine === 0 || intx.masked === 1,
        ),
        sometimes('the line is masked', ({ intx }) => intx.masked === 1),
      ],
    }),
});
