// The cycles of an SPI and of an LPI on virq: a VM with a GICv3 and four list registers, events switched off.

import { armVgic } from '@virq/arm-vgic';
import { checkArgs, createMachine } from '@virq/irq-core/machine';

const INTID = 40;
const GICD = 0x08000000;
const RESAMPLE = 2;
const ITS = { DEVICES: 32, EVENTS: 8, FIRST: 100 };

/** A VM whose guest has enabled all SPIs, level if asked for; vCPU 0 takes them. */
function machine(options = {}, level = false) {
  const vm = checkArgs(armVgic.vocabulary.vm, options).args;
  const limits = { vcpus: vm.cpus, gsis: 1024 };
  const made = createMachine({ vms: [{ backend: armVgic, options: vm, limits }] });
  const { chip, kvm } = made.vms[0];
  const op = (name, args) => {
    const operation = armVgic.vocabulary.operations[name];
    const { ret } = operation.run(chip, checkArgs(operation.args, args).args);
    if (ret < 0) throw new Error(`${name}: ${ret}`);
  };
  const store = (offset, value, size = 4) => op('guest_store', { addr: GICD + offset, value, size });
  op('cpu_setup', { pmr: 0xf0, eoimode: 0 });
  for (let word = 1; word < vm.nr_irqs / 32; word++) {
    store(0x100 + 4 * word, 0xffffffff);
    for (const half of [0, 4]) store(0xc00 + 8 * word + half, level ? 0 : 0xaaaaaaaa);
  }
  for (let intid = 32; intid < vm.nr_irqs; intid++) store(0x400 + intid, 0xa0, 1);
  store(0, 0x12);
  return { made, chip, kvm, op };
}

/** Raised, into a list register, taken, ended, out of the list register. */
function cycle({ guest, run }, intid, raise) {
  const [iar, eoir] = ['mrs ICC_IAR1_EL1', 'msr ICC_EOIR1_EL1'].map(guest.instruction);
  return (n) => {
    for (let i = 0; i < n; i++) {
      raise();
      run.enter(0);
      if (guest.execute(0, iar, 0) !== intid) throw new Error('not acknowledged');
      guest.execute(0, eoir, intid);
      run.exit(0);
    }
  };
}

function spi(level, options) {
  const { made, chip, kvm } = machine(options, level);
  if (level) {
    const [fd, resamplefd] = [made.eventfds.create(), made.eventfds.create()];
    if (kvm.irqfd({ fd, gsi: INTID - 32, flags: RESAMPLE, resamplefd }) !== 0) throw new Error('no irqfd');
  }
  return cycle(chip, INTID, () => chip.inputs.inject(-1, INTID, 1));
}

/** A VM whose ITS has 32 devices of 8 events. */
function mapped() {
  const { chip, op } = machine({ its: true });
  op('mapc', { icid: 0, valid: true });
  for (let d = 0; d < ITS.DEVICES; d++) {
    op('mapd', { dev: ITS.FIRST + d, size: 3, valid: true });
    for (let event = 0; event < ITS.EVENTS; event++) {
      const intid = 8192 + d * ITS.EVENTS + event;
      op('lpi_config', { intid, prio: 0xa0, enable: true });
      op('mapti', { dev: ITS.FIRST + d, event, intid, icid: 0 });
    }
  }
  return chip;
}

const message = (devid, data) => ({
  ...{ type: 2, flags: 1, irqchip: 0, pin: 0 },
  ...{ addressLo: 0x08090040, addressHi: 0, data, devid },
});

function lpi() {
  const chip = mapped();
  const route = message(ITS.FIRST + 5, 0);
  return cycle(chip, 8192 + 5 * ITS.EVENTS, () => {
    if (chip.arch.setIrqInatomic(route, 0, 1) < 0) chip.arch.setIrq(route, 0, 1, false);
  });
}

/** Translations of all events in turn; what is found is looked at. */
function translation(look) {
  const chip = mapped();
  const routes = Array.from({ length: 256 }, (_, i) => message(ITS.FIRST + (i >> 3), i & 7));
  for (const route of routes) chip.arch.setIrq(route, 0, 1, false);
  let at = 1;
  return (n) => {
    for (let i = 0; i < n; i++) {
      at = (at * 5 + 7) & 255;
      if (look(chip, routes[at]) <= 0) throw new Error('not found');
    }
  };
}

/** Cycles by name. `crowded` has 992 interrupts, `wide` 64 vCPUs. */
export const cycles = {
  edge: () => spi(false),
  level: () => spi(true),
  crowded: () => spi(true, { nr_irqs: 992 }),
  wide: () => spi(true, { cpus: 64 }),
  lpi,
  cached: () => translation((chip, route) => chip.its.msi.lookup(route)),
  uncached: () =>
    translation((chip, { devid, data }) =>
      chip.its.all[0].context.maps.ite(chip.its.all[0].context.maps.device(devid), data),
    ),
};
