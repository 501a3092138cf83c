// A level interrupt is ended after its redirection entry was pointed at another vCPU. Linux: arch/x86/kvm/ioapic.c ioapic_service, kvm_ioapic_update_eoi; lapic.c kvm_ioapic_handles_vector.

import { u8, u16 } from '@virq/irq-core/arena';
import { ROUTE } from '@virq/irq-core/kvm';
import { defineMachineModel, type Machine, type MachineOptions, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { CHIP, X86_REQ } from '../context.ts';
import x86Avic from '../index.ts';
import { RTE } from '../ioapic.ts';
import { vcpuScanIoapic } from '../protocols/scan-ioapic.ts';
import { chipOf } from './machine.ts';

const VCPUS = 2;
const [GSI, PIN, VECTOR] = [4, 4, 0x51];
/** IOREGSEL of the two halves of the pin's entry. */
const [LOW, HIGH] = [0x10 + 2 * PIN, 0x11 + 2 * PIN];

const { protocol } = protocolsOn<Machine>();
const { always, quiescent, sometimes } = propertiesOn<Machine>();

const MACHINE: MachineOptions = {
  vms: [
    {
      name: 'guest',
      backend: x86Avic,
      options: { vcpus: VCPUS },
      limits: { vcpus: VCPUS, gsis: 24, routes: 48, irqfds: 1 },
    },
  ],
  limits: { eventfds: 1, processes: VCPUS + 2, bypass: 1, irqs: 1 },
};

const setLine = (m: Machine, level: number): void => void m.kvms[0]?.setIrq(0, GSI, level, false);
const isUp = (m: Machine): boolean => chipOf(m).ioapic.entry(PIN).sources !== 0;
const hasRemoteIrr = (m: Machine): boolean => (chipOf(m).ioapic.entry(PIN).lo & RTE.REMOTE_IRR) !== 0;
const target = (m: Machine): number => chipOf(m).ioapic.entry(PIN).hi >>> 24;
const inService = (m: Machine, vcpu: number): boolean => !chipOf(m).lapics.at(vcpu).isr.isEmpty();

/** The device, which asserts up to `left` times, each time when it is quiet. */
const device = protocol('device', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (isUp(m)) return BLOCKED;
    f.left--;
    setLine(m, 1);
    return 'stop';
  },
}));

/** The guest rewrites the high half of the entry to name the other vCPU, which makes every vCPU scan. */
const retarget = protocol('ioapic_write_indirect', { left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  write(m, f) {
    f.left--;
    chipOf(m).ioapicRegs.writeIndirect(HIGH, (1 - target(m)) << 24);
    return f.left === 0 ? DONE : 'stop';
  },
}));

const LOCALS = { vm: u8, vcpu: u16 } as const;
type Frame = { vm: number; vcpu: number };

const mustScan = (m: Machine, f: Frame): boolean => chipOf(m).context.kvm.vcpus.check(f.vcpu, X86_REQ.SCAN_IOAPIC);

/** A vCPU: scans when asked to, takes its interrupt, quietens the device, ends the interrupt. */
const vcpu = (of: StandIn) =>
  protocol('vcpu_enter_guest', LOCALS, (p: Combinators<Machine, Frame>) => ({
    checkScan: (m: Machine, f: Frame) => (mustScan(m, f) ? undefined : 'wait'),
    ...p.include('scan', of(vcpuScanIoapic) as never),
    wait: p.idle((m, f) => {
      const { context, lapics } = chipOf(m);
      if (context.kvm.vcpus.isRequested(f.vcpu, X86_REQ.SCAN_IOAPIC)) return 'checkScan';
      return lapics.at(f.vcpu).irr.isEmpty() && lapics.at(f.vcpu).isr.isEmpty() ? BLOCKED : undefined;
    }),
    take(m: Machine, f: Frame) {
      if (inService(m, f.vcpu)) return 'quieten';
      chipOf(m).lapics.acknowledge(f.vcpu);
      return 'checkScan';
    },
    quieten: (m: Machine) => setLine(m, 0),
    checkScanOnExit: (m: Machine, f: Frame) => (mustScan(m, f) ? undefined : 'eoi'),
    ...p.include('scanOnExit', of(vcpuScanIoapic) as never),
    eoi(m: Machine, f: Frame) {
      chipOf(m).lapics.eoi(f.vcpu);
      return 'checkScan';
    },
  }));

const properties = [
  always(
    'an interrupt in service keeps its pin from the next one',
    (m) => hasRemoteIrr(m) || !(inService(m, 0) || inService(m, 1)),
    { consequence: 'the guest is interrupted again while it is still handling the first interrupt' },
  ),
  quiescent('no pin waits for an EOI that will not come', (m) => !hasRemoteIrr(m), {
    consequence: 'remote IRR stays set and the pin refuses every further interrupt of the device',
  }),
  quiescent('no vector stays in service', (m) => !inService(m, 0) && !inService(m, 1)),
  quiescent('no device asserts unheard', (m) => !isUp(m)),
  sometimes('the second vCPU serves it', (m) => inService(m, 1)),
  sometimes('the entry changes while the interrupt is in service', (m) => target(m) === 1 && inService(m, 0)),
];

/** A level interrupt whose target changes while it is in service. */
export const ioapicEoi = defineFamily({
  name: 'ioapic-eoi',
  summary: 'IOAPIC: a level interrupt is pointed at another vCPU before it is ended',
  scope: {
    assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 },
    writes: { says: 'times the guest rewrites the redirection entry', default: 1, min: 0, max: 3 },
  },
  build: ({ assertions, writes }) =>
    defineMachineModel({
      name: 'ioapic-eoi',
      machine: MACHINE,
      paths: [vcpuScanIoapic],
      agents: (of) => [vcpu(of), device, retarget] as never,
      start(m, [run]) {
        m.kvms[0]?.setGsiRouting(
          [
            {
              gsi: GSI,
              type: ROUTE.IRQCHIP,
              flags: 0,
              irqchip: CHIP.IOAPIC,
              pin: PIN,
              addressLo: 0,
              addressHi: 0,
              data: 0,
              devid: 0,
            },
          ],
          0,
        );
        chipOf(m).ioapicRegs.writeIndirect(HIGH, 0);
        chipOf(m).ioapicRegs.writeIndirect(LOW, RTE.LEVEL | VECTOR);
        for (let v = 0; v < VCPUS; v++) chipOf(m).guest.serve(v);
        const spawn = m.processes.spawn as (protocol: unknown, args: Readonly<Record<string, number>>) => number;
        for (let v = 0; v < VCPUS; v++) spawn(run, { vcpu: v });
        spawn(device, { left: assertions });
        spawn(retarget, { left: writes });
      },
      properties: properties as never,
    }),
});
