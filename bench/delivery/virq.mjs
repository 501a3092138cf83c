// The delivery cycles on virq: x86-avic's controllers in a machine with one vCPU, events switched off, through KVM's own entry points.

import { createMachine } from '@virq/irq-core/machine';
import { irqchipRoute, x86Avic } from '@virq/x86-avic';

export const MESSAGE = {
  type: 2,
  irqchip: 0,
  pin: 0,
  addressLo: 0xfee00000,
  addressHi: 0,
  data: 0x41,
  flags: 0,
  devid: 0,
};

/** A machine with GSI 10 on pin 10 of the IOAPIC, whose entry is `entry`. */
export function machine(entry) {
  const m = createMachine({
    vms: [{ backend: x86Avic, options: { vcpus: 1 }, limits: { vcpus: 1, gsis: 64, routes: 64, irqfds: 16 } }],
    limits: { eventfds: 16, processes: 8 },
  });
  const [{ kvm, chip }] = m.vms;
  kvm.setGsiRouting([irqchipRoute(10, 2, 10)], 0);
  chip.ioapicRegs.writeIndirect(0x10 + 21, 0);
  chip.ioapicRegs.writeIndirect(0x10 + 20, entry);
  chip.guest.enter(0);
  return { kvm, chip };
}

/** A vCPU in the guest, and a device whose vector is GSI 24, vector 0x41. */
export function assigned(apicv, iommu) {
  const machine = createMachine({
    vms: [{ backend: x86Avic, options: { vcpus: 1, apicv }, limits: { vcpus: 1, gsis: 64, routes: 64, irqfds: 4 } }],
    devices: [{ name: 'nvme', kind: 'pci', msix: 1 }],
    host: { cpus: 1, iommu },
    limits: { eventfds: 4, processes: 8, bypass: 4, irqs: 8 },
  });
  const [{ kvm, chip }] = machine.vms;
  chip.apicv.load(0, 0);
  chip.guest.run(0);
  machine.vfio.open(0);
  const fd = machine.eventfds.create();
  machine.vfio.msi.setBlock(0, 2, 0, [fd]);
  kvm.setGsiRouting([{ ...MESSAGE, gsi: 24 }], 0);
  kvm.irqfd({ fd, gsi: 24, flags: 0, resamplefd: 0 });
  return { machine, chip };
}

function msiCycle() {
  const { kvm, chip } = machine(0x51);
  return (n) => {
    for (let i = 0; i < n; i++) {
      kvm.signalMsi(MESSAGE);
      if (chip.lapics.acknowledge(0) !== 0x41) throw new Error('not acknowledged');
      chip.lapics.eoi(0);
    }
  };
}

function pinCycle(entry) {
  const { kvm, chip } = machine(entry);
  return (n) => {
    for (let i = 0; i < n; i++) {
      kvm.setIrq(0, 10, 1, false);
      if (chip.lapics.acknowledge(0) !== 0x51) throw new Error('not acknowledged');
      kvm.setIrq(0, 10, 0, false);
      chip.lapics.eoi(0);
    }
  };
}

/** Cycles by name. */
export const cycles = { msi: msiCycle, edge: () => pinCycle(0x51), level: () => pinCycle(0x8051) };
