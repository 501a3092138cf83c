// Producer and consumer are stopped, connected, and started again, whether connecting worked or not. Linux: virt/lib/irqbypass.c __connect; arch/arm64/kvm/arm.c kvm_arch_irq_bypass_stop.

import { struct, u1, type View } from '../arena/index.ts';
import { BLOCKED, defineFamily, defineModel, propertiesOn, protocolsOn } from '../protocol/index.ts';

const Vm = struct('vm', { halted: u1, connected: u1, ran: u1, failed: u1 });

/** A VM that the consumer halts while it is stopped. */
export interface BypassConnect {
  readonly vm: View<typeof Vm>;
}

const { protocol } = protocolsOn<BypassConnect>();
const { quiescent, sometimes } = propertiesOn<BypassConnect>();

/** __connect: stop, add, start. The start is paired with the stop, not with success (e44b49f623c7). */
export const connect = protocol('__connect', {}, (p) => ({
  stop(m) {
    m.vm.halted = 1;
  },
  add: p.choose(2, (m, _f, _self, choice) => {
    m.vm.failed = choice;
    m.vm.connected = 1 - choice;
  }),
  start(m) {
    m.vm.halted = 0;
  },
}));

/** A vCPU that runs while the VM is not halted. */
export const vcpu = protocol('vCPU', {}, () => ({
  enter: (m) => (m.vm.halted === 1 ? BLOCKED : undefined),
  exit(m) {
    m.vm.ran = 1;
  },
}));

/** Direct injection of one vector is set up, and may fail. */
export const bypassConnect = defineFamily({
  name: 'bypass-connect',
  summary: 'irq bypass: a connection that may fail, with a VM that is halted meanwhile',
  scope: {},
  build: () =>
    defineModel({
      name: 'bypass-connect',
      layout: { vm: Vm },
      processes: 2,
      protocols: [connect, vcpu],
      machine: (root): BypassConnect => root,
      start(_m, spawn) {
        spawn(connect);
        spawn(vcpu);
      },
      properties: [
        quiescent('no VM stays halted', (m) => m.vm.halted === 0, {
          consequence: 'the VM freezes because one vector could not be injected directly',
        }),
        sometimes('the connection fails', (m) => m.vm.failed === 1),
        sometimes('the connection succeeds', (m) => m.vm.connected === 1),
        sometimes('the vCPU has run', (m) => m.vm.ran === 1),
      ],
    }),
});
