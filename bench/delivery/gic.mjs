// The cycles of an SPI and of an LPI on virq: a VM with a GICv3 and four list registers, events switched off.

import { armVgic } from '@virq/arm-vgic';
import { createMachine } from '@virq/irq-core/machine';

const INTID = 40;
const DOORBELL = { addressLo: 0x08090040, addressHi: 0, type: 2, flags: 1, data: 0, devid: 105, irqchip: 0, pin: 0 };
const GICD = 0x08000000;
const EDGE = 0xaaaaaaaa;

/** A VM whose guest has enabled all SPIs; vCPU 0 takes them. */
function machine(options = {}) {
  const vm = { gic: 3, cpus: 1, nr_irqs: 128, ...options };
  const { vms } = createMachine({ vms: [{ backend: armVgic, options: vm, limits: { vcpus: vm.cpus, gsis: 1024 } }] });
  const { chip } = vms[0];
  const op = (name, args) => armVgic.vocabulary.operations[name].run(chip, args);
  const store = (offset, value) => op('guest_store', { addr: BigInt(GICD + offset), value: BigInt(value), size: 4, cpu: 0 });
  op('cpu_setup', { cpu: 0, pmr: 0xf0, eoimode: 0 });
  store(0, 0x12);
  for (let word = 1; word < vm.nr_irqs / 32; word++) store(0x100 + 4 * word, 0xffffffff);
  return { vm: vms[0], chip, op, store };
}

function cycle(chip, intid, raise) {
  const { guest } = chip;
  return (n) => {
    for (let i = 0; i < n; i++) {
      raise();
      chip.run.enter(0);
      if (guest.acknowledge(0, 1) !== intid) throw new Error('not acknowledged');
      guest.endOfInterrupt(0, 1, intid);
      chip.run.exit(0);
    }
  };
}
