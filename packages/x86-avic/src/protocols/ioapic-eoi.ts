// A level interrupt is ended after its redirection entry was pointed at another vCPU. Linux: arch/x86/kvm/ioapic.c ioapic_service, kvm_ioapic_scan_entry, kvm_ioapic_update_eoi; lapic.c kvm_ioapic_handles_vector.

import { array, bits, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const VCPUS = 2;

/** One level-triggered pin: its line, remote IRR, and the vCPU that its redirection entry names. */
const Pin = struct('pin', { line: u1, remoteIrr: u1, dest: bits(1) });
/** A vCPU with one vector: in service, in its EOI exit bitmap; `scan` is KVM_REQ_SCAN_IOAPIC. */
const Vcpu = struct('vcpu', { irr: u1, isr: u1, eoiExit: u1, scan: u1 });

/** A pin and the vCPUs that it may be delivered to. */
export interface IoapicEoi {
  readonly pin: ViewOf<typeof Pin>;
  readonly vcpus: ViewOf<ReturnType<typeof array<typeof Vcpu>>>;
}

const { protocol } = protocolsOn<IoapicEoi>();
const { always, quiescent, sometimes } = propertiesOn<IoapicEoi>();

/** ioapic_service: delivers a level once, until its EOI clears remote IRR. */
function service({ pin, vcpus }: IoapicEoi): void {
  if (pin.line === 0 || pin.remoteIrr === 1) return;
  pin.remoteIrr = 1;
  vcpus.at(pin.dest).irr = 1;
}

/** The device, which asserts up to `left` times, each time when it is quiet. */
export const device = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.pin.line === 1 || f.left === 0) return BLOCKED;
    m.pin.line = 1;
    f.left--;
    service(m);
    return 'stop';
  },
}));

/** The guest rewrites the redirection entry to name the other vCPU; every vCPU must scan the table before it enters the guest again. */
export const retarget = protocol('ioapic_write_indirect', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  write(m, f) {
    if (f.left === 0) return DONE;
    m.pin.dest = m.pin.dest === 1 ? 0 : 1;
    for (let v = 0; v < VCPUS; v++) m.vcpus.at(v).scan = 1;
    f.left--;
    return 'stop';
  },
}));

/** The vectors whose EOI must reach the IOAPIC: those routed to this vCPU now, and those pending or in service from an earlier route (0fc5a36dd6b3). */
export function handlesVector({ pin, vcpus }: IoapicEoi, vcpu: number): boolean {
  const { irr, isr } = vcpus.at(vcpu);
  return pin.dest === vcpu || irr === 1 || isr === 1;
}

/** A vCPU: scans when asked to, takes its interrupt, quietens the device, ends the interrupt. */
export const vcpu = protocol('vcpu_enter_guest', { vcpu: u8 }, (p) => ({
  scan(m, f) {
    const { scan } = m.vcpus.at(f.vcpu);
    if (scan === 0) return 'wait';
    m.vcpus.at(f.vcpu).scan = 0;
    m.vcpus.at(f.vcpu).eoiExit = handlesVector(m, f.vcpu) ? 1 : 0;
    return undefined;
  },
  wait: p.idle((m, f) => {
    const v = m.vcpus.at(f.vcpu);
    if (v.scan === 1) return 'scan';
    return v.irr === 1 || v.isr === 1 ? undefined : BLOCKED;
  }),
  take(m, f) {
    const v = m.vcpus.at(f.vcpu);
    if (v.isr === 1) return 'quieten';
    v.isr = 1;
    v.irr = 0;
    return 'scan';
  },
  quieten(m, f) {
    assert(m.vcpus.at(f.vcpu).isr === 1, 'a handler runs without an interrupt');
    m.pin.line = 0;
  },
  scanOnExit(m, f) {
    const v = m.vcpus.at(f.vcpu);
    if (v.scan === 0) return;
    v.scan = 0;
    v.eoiExit = handlesVector(m, f.vcpu) ? 1 : 0;
  },
  eoi(m, f) {
    const v = m.vcpus.at(f.vcpu);
    v.isr = 0;
    return v.eoiExit === 1 ? 'updateEoi' : 'scan';
  },
  updateEoi(m) {
    m.pin.remoteIrr = 0;
    service(m);
    return 'scan';
  },
}));

const keepsPin = ({ pin, vcpus }: IoapicEoi): boolean =>
  pin.remoteIrr === 1 || (vcpus.at(0).isr === 0 && vcpus.at(1).isr === 0);

/** A level interrupt whose target changes while it is in service. */
export const ioapicEoi = defineFamily({
  name: 'ioapic-eoi',
  summary: 'IOAPIC: a level interrupt is pointed at another vCPU before it is ended',
  scope: {
    assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 },
    writes: { says: 'times the guest rewrites the redirection entry', default: 1, min: 0, max: 3 },
  },
  build: ({ assertions, writes }) =>
    defineModel({
      name: 'ioapic-eoi',
      layout: { pin: Pin, vcpus: array(Vcpu, VCPUS) },
      processes: VCPUS + 2,
      protocols: [vcpu, device, retarget],
      machine: (root): IoapicEoi => root,
      start(m, spawn) {
        m.vcpus.at(0).eoiExit = 1;
        for (let v = 0; v < VCPUS; v++) spawn(vcpu, { vcpu: v });
        spawn(device, { left: assertions });
        spawn(retarget, { left: writes });
      },
      properties: [
        always('an interrupt in service keeps its pin from the next one', keepsPin, {
          consequence: 'the guest is interrupted again while it is still handling the first interrupt',
        }),
        quiescent('no pin waits for an EOI that will not come', ({ pin }) => pin.remoteIrr === 0, {
          consequence: 'remote IRR stays set and the pin refuses every further interrupt of the device',
        }),
        quiescent('no vector stays in service', ({ vcpus }) => vcpus.at(0).isr === 0 && vcpus.at(1).isr === 0),
        quiescent('no device asserts unheard', ({ pin }) => pin.line === 0),
        sometimes('the second vCPU serves it', ({ vcpus }) => vcpus.at(1).isr === 1),
        sometimes(
          'the entry changes while the interrupt is in service',
          ({ pin, vcpus }) => pin.dest === 1 && vcpus.at(0).isr === 1,
        ),
      ],
    }),
});
