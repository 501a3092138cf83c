// Who owns the mask of a shared INTx line: the interrupt handler, the guest's acknowledgement, the guest's own DisINTx bit, user space writing
// the command register, and the switch between masking the line and masking the device.
// The protocol of KVM's legacy device assignment (virt/kvm/assigned-dev.c, KVM_ASSIGN_SET_INTX_MASK) with the one change that VFIO made:
// the kernel alone writes bit 10 of the command register (drivers/vfio/pci/vfio_pci_config.c virtualises it for user space).

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** A PCI 2.3 device: its interrupt status, and DisINTx, bit 10 of its command register. */
const Device = struct('device', { asserts: u1, disIntx: u1 });
/**
 * KVM's side: intx_mask_lock; `masked` is host_irq_disabled; `guestMasked` is the guest's view of DisINTx; `line` the guest's INTx pin; `shared`
 * says which way to mask: DisINTx if others share the host line, disable_irq (`depth`) if nobody does.
 */
const Intx = struct('intx', { maskLock: lock, masked: u1, guestMasked: u1, line: u1, shared: u1, depth: u8 });

/** A device behind a host line. */
export interface IntxMask {
  readonly device: ViewOf<typeof Device>;
  readonly intx: ViewOf<typeof Intx>;
}

const { protocol } = protocolsOn<IntxMask>();
const { always, quiescent, sometimes } = propertiesOn<IntxMask>();

const reaches = ({ device, intx }: IntxMask): boolean =>
  device.asserts === 1 && device.disIntx === 0 && intx.depth === 0;

/** Masks the device where others share the line, else the line. */
function mask({ device, intx }: IntxMask): void {
  if (intx.shared === 1) device.disIntx = 1;
  else intx.depth++;
  intx.masked = 1;
}

/** Unmasks, unless the device still asserts: then the guest is told again instead (pci_check_and_unmask_intx). */
export function checkAndUnmask({ device, intx }: IntxMask): void {
  if (intx.masked === 0) return;
  if (device.asserts === 1) {
    intx.line = 1;
    return;
  }
  if (intx.shared === 1) device.disIntx = 0;
  else intx.depth--;
  intx.masked = 0;
}

/** The hard handler on the host line: is it ours (pci_check_and_mask_intx), then mask, then raise the guest's pin. */
export const intxHandler = protocol('kvm_assigned_dev_intx', {}, (p) => ({
  take: p.idle((m) => (reaches(m) ? undefined : BLOCKED)),
  ...p.locked('intx_mask', (m) => m.intx.maskLock, {
    isOurs: (m) => (reaches(m) ? undefined : 'unlock intx_mask'),
    mask,
    raise(m) {
      if (m.intx.guestMasked === 0) m.intx.line = 1;
    },
  }),
  again: () => 'take',
}));

/** The guest's driver, and the acknowledgement that its EOI causes (kvm_assigned_dev_ack_irq). */
export const guestDriver = protocol('guest driver, kvm_assigned_dev_ack_irq', {}, (p) => ({
  take: p.idle((m) => (m.intx.line === 1 ? undefined : BLOCKED)),
  quieten(m) {
    m.device.asserts = 0;
  },
  ...p.locked('intx_mask', (m) => m.intx.maskLock, {
    lower(m) {
      m.intx.line = 0;
    },
    unmask(m) {
      if (m.intx.guestMasked === 0) checkAndUnmask(m);
    },
  }),
  again: () => 'take',
}));

/** The guest sets DisINTx, then clears it: the VMM tells KVM (KVM_ASSIGN_SET_INTX_MASK; with VFIO the virtual bit 10). */
export const guestMask = protocol('KVM_ASSIGN_SET_INTX_MASK', {}, (p) => ({
  ...p.locked('intx_mask', (m) => m.intx.maskLock, {
    setMask(m) {
      m.intx.guestMasked = 1;
      m.intx.line = 0;
    },
  }),
  ...p.locked('intx_mask (unmask)', (m) => m.intx.maskLock, {
    clearMask(m) {
      m.intx.guestMasked = 0;
    },
    unmask: checkAndUnmask,
  }),
}));

/** The VMM changes another bit of the command register, by reading and writing the whole of it. Bit 10 of what it writes goes nowhere. */
export const writeCommand = protocol('VMM writes PCI_COMMAND', { bit10: u1 }, () => ({
  read(m, f) {
    f.bit10 = m.device.disIntx;
  },
  write: () => undefined,
}));

/** Another driver requests the host line, or frees it: the way of masking changes, and a mask that is in place changes with it. */
export const switchSharing = protocol('irq sharing notifier', {}, (p) => ({
  ...p.locked('intx_mask', (m) => m.intx.maskLock, {
    convert({ device, intx }) {
      if (intx.masked === 0) return;
      device.disIntx = intx.shared === 1 ? 0 : 1;
      intx.depth = intx.shared === 1 ? 1 : 0;
    },
    turn({ intx }) {
      intx.shared = intx.shared === 1 ? 0 : 1;
    },
  }),
}));

/** The device, which asserts up to `left` times, each time when it is quiet. */
export const device = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.device.asserts === 1) return BLOCKED;
    m.device.asserts = 1;
    f.left--;
    return 'stop';
  },
}));

const pinImpliesMask = ({ intx }: IntxMask): boolean => intx.line === 0 || intx.masked === 1;

const isMasked = ({ device, intx }: IntxMask): boolean => (intx.shared === 1 ? device.disIntx === 1 : intx.depth === 1);

/** A device on a host line that is shared or not, with everything that may happen to its mask. */
export const intxMask = defineFamily({
  name: 'intx-mask',
  summary: 'PCI 2.3 INTx: the handler, the guest, its DisINTx bit, the VMM and the sharing notifier, and one mask',
  scope: {
    assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 },
    shared: { says: '1: the host line is shared at first', default: 1, min: 0, max: 1 },
    switches: { says: 'times the line becomes shared or exclusive', default: 0, min: 0, max: 2 },
    writes: { says: 'writes of the command register', default: 1, min: 0, max: 2 },
    masks: { says: 'times the guest sets and clears DisINTx', default: 1, min: 0, max: 1 },
  },
  build: ({ assertions, shared, switches, writes, masks }) =>
    defineModel({
      name: 'intx-mask',
      layout: { device: Device, intx: Intx },
      processes: 3 + switches + writes + masks,
      protocols: [intxHandler, guestDriver, guestMask, writeCommand, switchSharing, device],
      machine: (root): IntxMask => root,
      start(m, spawn) {
        m.intx.shared = shared;
        spawn(intxHandler);
        spawn(guestDriver);
        spawn(device, { left: assertions });
        for (let i = 0; i < masks; i++) spawn(guestMask);
        for (let i = 0; i < writes; i++) spawn(writeCommand);
        for (let i = 0; i < switches; i++) spawn(switchSharing);
      },
      properties: [
        always(
          'what KVM has masked stays masked',
          (m) => m.intx.masked === 0 || m.intx.maskLock.holder !== 0 || isMasked(m),
          {
            consequence:
              'the device interrupts the host without end: KVM takes its line for masked and nobody quietens it',
          },
        ),
        always("the guest's pin is high only while the interrupt is masked", pinImpliesMask, {
          consequence:
            'the guest ends an interrupt that is not masked, and the next one comes while it is handling the first',
        }),
        always(
          "the guest's pin is low while the guest masks it",
          ({ intx }) => intx.guestMasked === 0 || intx.line === 0,
        ),
        quiescent('no device asserts while its interrupt is masked', (m) => m.device.asserts === 0 || reaches(m), {
          consequence: 'the device is mute: nobody will unmask it',
        }),
        quiescent('every assertion is heard', (m) => m.device.asserts === 0),
        quiescent('nothing is masked in the end', ({ device, intx }) => device.disIntx === 0 && intx.depth === 0, {
          consequence: 'the next interrupt of the device, or of those that share its line, is not heard',
        }),
        sometimes('the interrupt is masked', (m) => m.intx.masked === 1),
        sometimes("the guest's pin is high", (m) => m.intx.line === 1),
      ],
    }),
});
