// The x86 model as the target of a replay: a machine of one VM, plus taking over what the capture shows but never sets.

import { formatEvent } from '@virq/irq-core/events';
import { IRQFD_FLAG, type KernelVersion, type RouteInput } from '@virq/irq-core/kvm';
import { createMachine, type Machine, type RecordedEvent } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { CHIP } from '../context.ts';
import { x86Avic } from '../index.ts';
import { RTE } from '../ioapic.ts';
import { apicOffset } from '../lapic-names.ts';
import { IOAPIC_PINS } from '../layout.ts';
import { irqchipRoute } from '../routing.ts';
import type { Emitted, ReplayTarget } from './target.ts';

/** What the model is built for. */
export interface ModelTargetOptions {
  readonly vcpus: number;
  readonly kernel: KernelVersion;
  /** Logical APIC ids as Linux guests program them (flat, 1 << id), when the capture does not show the writes. */
  readonly assumeLinuxLdr: boolean;
}

/** Redirection entry, low word, from an event's fields. */
const entryOf = (e: RecordedEvent): number =>
  e.vector |
  (e.deliveryMode << RTE.DM_SHIFT) |
  (e.logical ? RTE.LOGICAL : 0) |
  (e.trigger ? RTE.LEVEL : 0) |
  (e.masked ? RTE.MASK : 0);

/** Bits of the low word that the event shows. */
const SHOWN = RTE.VECTOR | (7 << RTE.DM_SHIFT) | RTE.LOGICAL | RTE.LEVEL | RTE.MASK;

function machineFor({ kernel, vcpus }: ModelTargetOptions): Machine {
  const limits = { vcpus, gsis: 4096, routes: 512, irqfds: 64 };
  const vm = { backend: x86Avic, options: { irqchip: 'kernel', vcpus }, limits };
  return createMachine({ kernel, vms: [vm], limits: { eventfds: 130, processes: 16 } });
}

/** Builds the model for a capture. */
export function createModelTarget(options: ModelTargetOptions): ReplayTarget {
  const machine = machineFor(options);
  const vm = machine.vms[0] as (typeof machine.vms)[number];
  const chip = vm.chip as X86Chip;
  const { kvm } = vm;
  let emitted: Emitted[] = [];
  machine.trace.listener = (event) => void emitted.push({ name: event.name, text: formatEvent(event, machine.texts) });
  machine.trace.on = true;

  const routes: RouteInput[] = [];
  const known = { pins: new Set<number>(), picPins: new Set<number>() };
  kvm.setGsiRouting([], 0);
  if (options.assumeLinuxLdr && options.vcpus <= 8)
    for (let v = 0; v < options.vcpus; v++) chip.lapicRegs.write(v, 0xd0, (1 << (24 + v)) >>> 0);

  /** What an input made the model emit. */
  function collect(input: () => unknown): readonly Emitted[] {
    emitted = [];
    input();
    machine.settle();
    for (let v = 0; v < options.vcpus; v++) chip.guest.enter(v);
    return emitted;
  }

  const quiet = (change: () => void): void => {
    machine.trace.on = false;
    change();
    machine.settle();
    for (let v = 0; v < options.vcpus; v++) chip.guest.enter(v);
    machine.trace.on = true;
  };

  function rescan(): void {
    kvm.vcpus.requestAll(9);
    for (let v = 0; v < options.vcpus; v++) chip.guest.enter(v);
  }

  function learnPin(e: RecordedEvent): string {
    const entry = chip.ioapic.entry(e.pin);
    const [lo, hi] = [(entry.lo & ~SHOWN) | entryOf(e), ((entry.hi & 0xffffff) | (e.dst << 24)) >>> 0];
    if (lo >>> 0 === entry.lo && hi === entry.hi) return '';
    const first = !known.pins.has(e.pin);
    known.pins.add(e.pin);
    chip.ioapic.setEntry(e.pin, (e.trigger ? lo : lo & ~RTE.REMOTE_IRR) >>> 0, hi);
    rescan();
    return `IOAPIC pin ${e.pin} ${first ? 'was programmed before the capture' : 'was reprogrammed outside the capture'}`;
  }

  const target: ReplayTarget = {
    vcpus: options.vcpus,
    setPin: (which, pin, source, level) =>
      collect(() =>
        which === CHIP.IOAPIC ? chip.ioapic.setPin(pin, source, level, false) : chip.pic.setPin(pin, source, level),
      ),
    msi: (e) =>
      collect(() =>
        kvm.signalMsi({
          type: 2,
          irqchip: 0,
          pin: 0,
          addressLo: (0xfee00000 | ((e.dst & 0xff) << 12) | (e.redirection << 3) | (e.logical << 2)) >>> 0,
          addressHi: (e.dst & 0xffffff00) >>> 0,
          data: e.vector | (e.deliveryMode << 8) | (e.trigger << 15),
          flags: 0,
          devid: 0,
        }),
      ),
    ipi: (sender, e) =>
      collect(() => {
        const shorthand = ['dst', 'self', 'all', 'all-but-self'].indexOf(e.register);
        const low =
          e.vector |
          (e.deliveryMode << 8) |
          (e.logical << 11) |
          (e.level << 14) |
          (e.trigger << 15) |
          (Math.max(0, shorthand) << 18);
        chip.lapicRegs.sendIpi(sender, low, e.dst);
      }),
    accept: (e) => quiet(() => chip.lapics.accept(e.apicid, e.deliveryMode, e.vector, e.trigger)),
    eoi: (vcpu) => collect(() => chip.lapics.eoi(vcpu)),
    portWrite: (port, value) => collect(() => chip.guest.portWrite(0, port, 1, value)),
    portRead: (port) => chip.guest.portRead(0, port, 1).value,
    mmioWrite: (address, size, value) =>
      collect(() => chip.guest.mmioWrite(0, address, size, value)).filter((x) => x.name !== 'kvm_apic'),
    apicWrite: (vcpu, register, value) =>
      collect(() => chip.lapicRegs.write(vcpu, apicOffset(register), value)).filter((x) => x.name !== 'kvm_apic'),
    deliverable: (vcpu) => chip.guest.pending(vcpu),
    isPending: (vcpu, vector) => chip.lapics.at(vcpu).irr.has(vector),
    highestInService: (vcpu) => chip.lapics.at(vcpu).isr.highest(),
    acknowledge(vcpu, vector) {
      quiet(() => chip.lapics.takeIntoService(vcpu, vector));
    },
    acknowledgePic() {
      let vector = -1;
      quiet(() => {
        if (chip.pic.output()) vector = chip.pic.inta();
      });
      return vector;
    },
    picAwaitsInta: () => chip.pic.output() && chip.pic.chip(0).isr === 0,
    learnRedirection: learnPin,
    learnPicPin(e) {
      const c = chip.pic.chip(e.chip);
      const bit = 1 << (e.pin & 7);
      const id = e.chip * 8 + (e.pin & 7);
      if (((c.elcr & bit) !== 0) === (e.trigger === 1) && ((c.imr & bit) !== 0) === (e.masked === 1)) {
        known.picPins.add(id);
        return '';
      }
      c.elcr = e.trigger ? c.elcr | bit : c.elcr & ~bit;
      c.imr = e.masked ? c.imr | bit : c.imr & ~bit;
      const first = !known.picPins.has(id);
      known.picPins.add(id);
      return `PIC pin ${id} ${first ? 'was programmed before the capture' : 'was reprogrammed outside the capture'}`;
    },
    learnRoute(gsi, irqchip, pin) {
      const mine = routes.filter((r) => r.gsi === gsi);
      if (mine.some((r) => r.irqchip === irqchip && r.pin === pin)) return false;
      const stale = routes.findIndex((r) => r.gsi === gsi && r.irqchip === irqchip);
      if (stale >= 0) routes.splice(stale, 1);
      routes.push(irqchipRoute(gsi, irqchip, pin));
      quiet(() => kvm.setGsiRouting(routes, 0));
      return true;
    },
    learnResampler(gsi) {
      const { resamplers } = kvm.state;
      for (let i = resamplers.next(0); i >= 0; i = resamplers.next(i + 1))
        if (resamplers.slot(i).gsi === gsi) return false;
      quiet(() =>
        kvm.irqfd({
          fd: machine.eventfds.create(),
          resamplefd: machine.eventfds.create(),
          gsi,
          flags: IRQFD_FLAG.RESAMPLE,
        }),
      );
      return true;
    },
    dropResampler: (gsi) =>
      collect(() => {
        const { irqfds } = kvm.state;
        for (let i = irqfds.next(0); i >= 0; i = irqfds.next(i + 1))
          if (irqfds.slot(i).gsi === gsi)
            kvm.irqfd({ fd: irqfds.slot(i).eventfd, resamplefd: 0, gsi, flags: IRQFD_FLAG.DEASSIGN });
      }),
    vectorOf: (pin) => chip.ioapic.entry(pin).lo & RTE.VECTOR,
    learnLogical(dest, accepted) {
      for (let v = 0; v < options.vcpus; v++) {
        const a = chip.lapics.at(v);
        const bits = (dest & 0xff) << 24;
        const ldr = (accepted.includes(v) ? a.ldr | bits : a.ldr & ~bits) >>> 0;
        if (ldr !== a.ldr) quiet(() => chip.lapicRegs.write(v, 0xd0, ldr));
      }
    },
    eoiPin: (vcpu, pin, vector) =>
      collect(() => {
        const entry = chip.ioapic.entry(pin);
        chip.ioapic.setEntry(pin, ((entry.lo & ~RTE.VECTOR) | vector) >>> 0, entry.hi);
        chip.ioapic.eoiPin(vcpu, pin, chip.lapics.at(vcpu).tmr.has(vector) ? 1 : 0);
      }),
    eoiPic: (pin) =>
      collect(() => {
        const c = chip.pic.chip(pin >> 3);
        const bit = 1 << (pin & 7);
        if ((c.elcr & bit) === 0) c.irr &= ~bit;
        chip.pic.clearIsr(pin >> 3, pin & 7);
        chip.pic.update();
      }),
    learnInService(vcpu, vector) {
      chip.lapics.takeIntoService(vcpu, vector);
    },
    pinWaitingFor(vector) {
      const { irr } = chip.state.ioapic;
      for (let pin = 0; pin < IOAPIC_PINS; pin++) {
        const { lo } = chip.ioapic.entry(pin);
        if ((lo & RTE.VECTOR) === vector && lo & RTE.LEVEL && lo & RTE.MASK && irr & (1 << pin)) return pin;
      }
      return -1;
    },
    unmask: (pin) =>
      collect(() => {
        chip.ioapic.entry(pin).lo &= ~RTE.MASK;
        chip.ioapic.service(pin, false);
      }),
  };
  return target;
}
