// A guest starts a passed-through MSI, and its VMM takes the vector away and gives it back: who ends what, and under which number it arrives.
// Linux guest: drivers/pci/msi, arch/powerpc/platforms/pseries/msi.c, kernel/irq/chip.c irq_startup; QEMU: hw/vfio/pci.c vfio_msix_vector_do_use; host: book3s_xive.c kvmppc_xive_set_mapped, kvmppc_xive_clr_mapped.
//
// The MSI-X table is QEMU's: unmasking an entry connects the vector's eventfd with an irqfd, and KVM puts the device's source behind the guest's interrupt. At its ESB the
// guest masks and unmasks by itself. `order` is in which order a guest's kernel does the two; SOURCE_CONFIG, by which the interrupt gets its number, is last.
// With `cycles` the VMM disconnects and reconnects the vector while the guest uses it, as QEMU does for all vectors whenever the guest enables a further one.
//
// Abstraction: the guest looks into its queue when something is there; how it is told is not modelled. While a source is switched the guest has no page of it, and its
// page fault waits: that it reaches the right source afterwards is proved in xive-remap.

import { u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { ESB, PQ } from '../hw/esb.ts';
import { updateSourceConfig } from '../kvm/native-source.ts';
import { MASKED } from '../kvm/priority.ts';
import { PASSTHRU_LOCALS } from '../protocols/passthru.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import {
  chipOf,
  GSI,
  guestSource,
  makeQueue,
  makeSource,
  openDevice,
  type PowerMachine,
  smallMachine,
} from './machine.ts';

/** The one priority that Linux guests use. */
export const PRIORITY = 6;
/** The guest's own number of the interrupt, which is what it wants to find in its queue. */
export const EISN = 0x22;
/** What a guest's kernel does first. */
export const ORDER = { TABLE: 0, ESB: 1 } as const;

const { protocol } = protocolsOn<PowerMachine>();
const { always, quiescent, sometimes } = propertiesOn<PowerMachine>();

type PassthruFrame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };
type DriverFrame = PassthruFrame & { order: number; cycles: number };

/** H_INT_SET_SOURCE_CONFIG: the interrupt gets its target and its number. */
export function configure(m: PowerMachine): void {
  const { context, sources } = chipOf(m);
  updateSourceConfig(context, sources, guestSource(m), { priority: PRIORITY, server: 0, masked: false, eisn: EISN });
}

/** A guest's driver requests its interrupt; then QEMU takes the vector away and gives it back, `cycles` times. */
const startVector = (of: StandIn) =>
  protocol(
    'irq_startup, vfio_msix_vector_do_use',
    { ...PASSTHRU_LOCALS, order: u8, cycles: u8 },
    (p: Combinators<PowerMachine, DriverFrame>) =>
      ({
        unmaskFirst(m: PowerMachine, f: DriverFrame) {
          if (f.order === ORDER.ESB) chipOf(m).sources.load(guestSource(m), ESB.SET_PQ_00);
        },
        ...p.locked('bypass', (m) => m.bypass.state.guard, { ...p.include('use', of(setPassthruNative) as never) }),
        unmaskLast(m: PowerMachine, f: DriverFrame) {
          if (f.order === ORDER.TABLE) chipOf(m).sources.load(guestSource(m), ESB.SET_PQ_00);
        },
        configure,
        mayCycle(_m: PowerMachine, f: DriverFrame) {
          if (f.cycles === 0) return DONE;
          f.cycles--;
          return undefined;
        },
        ...p.locked('bypass (release)', (m) => m.bypass.state.guard, {
          ...p.include('release', of(clrPassthruNative) as never),
        }),
        ...p.locked('bypass (again)', (m) => m.bypass.state.guard, {
          ...p.include('reuse', of(setPassthruNative) as never),
        }),
        again: () => 'mayCycle',
      }) as never,
  );

const endOf = (m: PowerMachine) => {
  const { host, state } = chipOf(m);
  return host.xive.state.ends.at(host.opal.endOfVp(state.kvm.vcpus.at(0).vpId, PRIORITY));
};

/** The guest's handler on another CPU: takes entries, ends those that bear the number of its interrupt, drops all others. */
export const handler = protocol('guest handler', { idx: u16, data: u16 }, (p) => ({
  take: p.idle((m, f) => {
    if (endOf(m).index === f.idx) return BLOCKED;
    const { host, state } = chipOf(m);
    f.data = host.xive.ram.load(state.kvm.vcpus.at(0).queues.at(PRIORITY).frame, 4 * f.idx) & 0xffff;
    f.idx++;
    return f.data === EISN ? undefined : 'take';
  }),
  serve(m) {
    m.pci.state.functions.at(0).pending = 0;
  },
  eoi(m) {
    if (chipOf(m).state.kvm.mappingLock.holder !== 0) return BLOCKED;
    chipOf(m).sources.eoi(guestSource(m));
    return 'take';
  },
}));

/** The device has something to say, and sends its message: `left` times, once its driver is ready. */
export const device = protocol('device', { left: u8 }, () => ({
  isReady: (m) => ((chipOf(m).sources.find(GSI)?.actPriority ?? MASKED) === MASKED ? BLOCKED : undefined),
  send(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    m.pci.state.functions.at(0).pending = 1;
    m.vfio.msi.raise(0, 0);
    return 'send';
  },
}));

const isSettled = (m: PowerMachine): boolean => chipOf(m).state.kvm.kvmLock.holder === 0;

/** Nothing of it waits: neither at the device's source, nor at the IPI while that stands for it. */
function isIdle(m: PowerMachine): boolean {
  const s = guestSource(m);
  const { sources } = m.parts.power.xive;
  return sources.at(0).pq === PQ.RESET && (s.ptNumber !== 0 || sources.at(s.ipi - 1).pq === PQ.RESET);
}

/** What must hold however a vector comes and goes. */
export const deliveryProperties = [
  quiescent('what the device has to say is heard', (m: PowerMachine) => m.pci.state.functions.at(0).pending === 0, {
    consequence: 'the device waits for its driver: a lost interrupt',
  }),
  quiescent('an interrupt that the guest has unmasked is enabled when nothing is in flight', isIdle, {
    consequence: 'the device interrupts once more at most, and then never again',
  }),
];

const properties = [
  ...deliveryProperties,
  always(
    'the interrupt arrives under the number that the guest has given it',
    (m) => !isSettled(m) || guestSource(m).actPriority === MASKED || chipOf(m).sources.hw(guestSource(m)).data === EISN,
    { consequence: 'the guest finds a number in its queue that is nobody’s, or another interrupt’s' },
  ),
  sometimes('the device has the place of the IPI', (m) => guestSource(m).ptNumber !== 0),
  sometimes('an event of the device waits for an EOI', (m) => m.parts.power.xive.sources.at(0).pq === PQ.QUEUED),
  sometimes('the guest finds its number in the queue', (m) => endOf(m).index > 0),
];

/** A queue, and the device's vector with an eventfd whose irqfd triggers the source while the two are not connected. */
export function setUpVector(m: PowerMachine): void {
  makeQueue(m, 0, PRIORITY);
  openDevice(m);
  m.kvms[0]?.irqfd({ fd: m.vfio.state.devices.at(0).vectors.at(0).trigger, gsi: GSI, flags: 0, resamplefd: 0 });
}

/** A guest starts a vector and uses it. */
export const xiveVectors = defineFamily({
  name: 'xive-vectors',
  summary: 'XIVE native: a guest starts a passed-through MSI, and its VMM takes the vector away and gives it back',
  scope: {
    order: {
      says: '0: the MSI-X table is unmasked before the ESB (Linux 5.15 to 6.17); 1: after it (newer)',
      default: 0,
      min: 0,
      max: 1,
    },
    cycles: { says: 'times the vector is taken away and given back', default: 1, min: 0, max: 2 },
    messages: { says: 'messages that the device sends', default: 2, min: 1, max: 3 },
  },
  build: ({ order, cycles, messages }) =>
    defineMachineModel({
      name: 'xive-vectors',
      machine: smallMachine({ processes: 8 }),
      paths: [setPassthruNative, clrPassthruNative],
      agents: (of) => [setPassthruNative, clrPassthruNative, startVector(of), handler, device] as never,
      start(m, [, , starting]) {
        makeSource(m);
        setUpVector(m as PowerMachine);
        m.processes.spawn(starting as never, { gsi: GSI, order, cycles } as never);
        m.processes.spawn(handler as never, {} as never);
        m.processes.spawn(device as never, { left: messages } as never);
      },
      properties: properties as never,
    }),
});
