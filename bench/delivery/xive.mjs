// The XIVE cycle on virq: the bare hardware of powernv9, two threads, events switched off.

import { createMachine } from '@virq/irq-core/machine';
import { ppcXive } from '@virq/ppc-xive';

const LISN = 2;
const THREAD = 1;
const OS = 1;
const PAGE = { TRIGGER: 0, MANAGEMENT: 1 };
const END = {
  valid: 1,
  enqueue: 1,
  notify: 1,
  backlog: 1,
  generation: 1,
  nvtIndex: 3,
  priority: 6,
  qaddrLo: 0x31000000,
};

/** Source 2 → END 5 → NVT 3, which runs on thread 1. */
function machine() {
  const backend = ppcXive.implementations.qemu;
  const [vm] = createMachine({ vms: [{ backend, options: { backend: 'xive9' }, limits: { vcpus: 2 } }] }).vms;
  const { xive } = vm.chip;
  Object.assign(xive.sources.at(LISN), { valid: 1, endIndex: 5, data: 0x1234, pq: 0 });
  xive.state.nvts.at(3).valid = 1;
  Object.assign(xive.state.ends.at(5), END);
  xive.tima.pushOs(THREAD, 0x80000003);
  xive.presenter.setCppr(THREAD, OS, 0xff);
  return xive;
}

function xiveCycle() {
  const { sources, presenter } = machine();
  return (n) => {
    for (let i = 0; i < n; i++) {
      sources.store(LISN, PAGE.TRIGGER, 0);
      if (presenter.acknowledge(THREAD, OS) !== 0x8006) throw new Error('not acknowledged');
      sources.load(LISN, PAGE.MANAGEMENT, 0);
      presenter.setCppr(THREAD, OS, 0xff);
    }
  };
}

/** Cycles by name. */
export const cycles = { xive: xiveCycle };
