// H_IPI against the target's own hcalls: MFRR and CPPR are written by one and read by the other. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_ipi, xive_vm_push_pending_to_hw.

import { bits } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { hEoi } from '../protocols/xics-eoi.ts';
import { hIpi, hXirr, IPI_LOCALS } from '../protocols/xics-present.ts';
import { NO_MFRR } from '../xics/numbers.ts';
import { device, guestVcpu, hasMessage, send } from './xics-guest.ts';
import { isServed, pqOf, startXics, vcpuOf, type XicsMachine, xicsMachine } from './xics-machine.ts';

/** Priority of IPIs in Linux (IPI_PRIORITY). */
const IPI_PRIORITY = 4;

const { protocol } = protocolsOn<XicsMachine>();
const { quiescent, sometimes } = propertiesOn<XicsMachine>();

const LOCALS = { ...IPI_LOCALS, left: bits(2) } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** Another vCPU has messages for vCPU 0: the message first, then H_IPI. */
const sender = (of: StandIn) =>
  protocol('icp_hv_cause_ipi', LOCALS, (p: Combinators<XicsMachine, Frame>) => ({
    write(m, f) {
      if (f.left === 0) return DONE;
      f.left--;
      send(m, 0);
      Object.assign(f, { server: 0, mfrr: IPI_PRIORITY });
      return undefined;
    },
    ...p.include('ipi', of(hIpi) as never),
    again: () => 'write',
  }));

const properties = [
  quiescent('no message to a vCPU is left unread', (m) => !hasMessage(m, 0), {
    consequence: 'a vCPU waits for an answer to its IPI: the guest hangs',
  }),
  quiescent('no request for an IPI is left', (m) => vcpuOf(m, 0).mfrr === NO_MFRR),
  quiescent('what the device asked for is served', (m) => isServed(m) && pqOf(m) === 0),
  sometimes('an IPI is asked for that CPPR does not let pass', (m) => vcpuOf(m, 0).mfrr === vcpuOf(m, 0).cppr),
  sometimes('an IPI comes during an interrupt of the device', (m) => {
    const { mfrr, cppr } = vcpuOf(m, 0);
    return mfrr < cppr && cppr !== 0xff;
  }),
];

/** vCPUs interrupt one that is taking and ending interrupts. */
export const xicsIpi = defineFamily({
  name: 'xics-ipi',
  summary: 'XICS over XIVE: IPIs reach a vCPU that takes and ends interrupts',
  scope: {
    senders: { says: 'vCPUs that send', default: 1, min: 1, max: 2 },
    messages: { says: 'messages of each', default: 2, min: 1, max: 3 },
    asks: { says: 'times the device asks for service', default: 1, min: 0, max: 2 },
  },
  build: ({ senders, messages, asks }) =>
    defineMachineModel({
      name: 'xics-ipi',
      machine: xicsMachine({ vcpus: 1, processes: 2 + senders }),
      paths: [hIpi, hXirr, hEoi] as never,
      agents: (of) => [guestVcpu(of), sender(of), device] as never,
      start(m, [vcpu, send]) {
        startXics(m);
        m.processes.spawn(vcpu as never, {} as never);
        for (let i = 0; i < senders; i++) m.processes.spawn(send as never, { left: messages } as never);
        if (asks > 0) m.processes.spawn(device as never, { left: asks } as never);
      },
      properties: properties as never,
    }),
});
