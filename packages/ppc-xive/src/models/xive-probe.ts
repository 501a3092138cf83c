// A device's source is handed to a guest with P set although nothing is in flight, and the guest's driver synchronises before it enables.
// Linux guest: arch/powerpc/sysdev/xive/common.c xive_get_irqchip_state, kernel/irq/manage.c __synchronize_irq; host: sysdev/xive/common.c xive_irq_set_vcpu_affinity, book3s_xive.c kvmppc_xive_set_mapped.
//
// The host's side is the kernel's but for its locks: in native mode the device's source is left at PQ=10, "masked, perhaps in flight".

import { defineMachineModel } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { ESB } from '../hw/esb.ts';
import { MASKED } from '../kvm/priority.ts';
import { PASSTHRU_LOCALS, setPassthruCorrected } from '../protocols/passthru.ts';
import { chipOf, GSI, guestSource, makeSource, type PowerMachine, smallMachine } from './machine.ts';
import { configure, deliveryProperties, device, handler, setUpVector } from './xive-vectors.ts';

const { protocol } = protocolsOn<PowerMachine>();
const { sometimes } = propertiesOn<PowerMachine>();

type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

const P = 2;
const isPending = (m: PowerMachine): boolean => (chipOf(m).sources.load(guestSource(m), ESB.GET) & P) !== 0;
const isPendingNow = (m: PowerMachine): boolean => (m.parts.power.xive.sources.at(0).pq & P) !== 0;
const isEnabled = (m: PowerMachine): boolean => guestSource(m).actPriority !== MASKED;

/** A driver at probe time: its MSI is connected, it requests it disabled, waits for a handler that might run, enables it. A disabled interrupt is not in flight (6f779e1d359b). */
export const probeDriver = protocol(
  'driver probe, synchronize_irq',
  PASSTHRU_LOCALS,
  (p: Combinators<PowerMachine, Frame>) =>
    ({
      ...p.locked('bypass', (m) => m.bypass.state.guard, { ...p.include('use', setPassthruCorrected as never) }),
      synchronize: (m: PowerMachine) => (isEnabled(m) && isPending(m) ? BLOCKED : undefined),
      unmask: (m: PowerMachine) => void chipOf(m).sources.load(guestSource(m), ESB.SET_PQ_00),
      configure,
    }) as never,
);

/** The same driver in a guest that asks P alone. */
export const asksPAlone = (m: PowerMachine): typeof BLOCKED | undefined => (isPending(m) ? BLOCKED : undefined);

/** A driver probes a passed-through device. */
export const xiveProbe = defineFamily({
  name: 'xive-probe',
  summary: 'XIVE native: a passed-through MSI is handed to a guest whose driver synchronises before it enables',
  scope: { messages: { says: 'messages that the device sends', default: 2, min: 1, max: 3 } },
  build: ({ messages }) =>
    defineMachineModel({
      name: 'xive-probe',
      machine: smallMachine({ processes: 8 }),
      paths: [setPassthruCorrected, probeDriver],
      agents: () => [setPassthruCorrected, probeDriver, handler, device] as never,
      start(m) {
        makeSource(m);
        setUpVector(m as PowerMachine);
        m.processes.spawn(probeDriver as never, { gsi: GSI } as never);
        m.processes.spawn(handler as never, {} as never);
        m.processes.spawn(device as never, { left: messages } as never);
      },
      properties: [
        ...deliveryProperties.map((p) => ({
          ...p,
          holds: (m: PowerMachine, i: number) => !isEnabled(m) || p.holds(m, i),
        })),
        sometimes('P is set and nothing is in flight', (m) => isPendingNow(m) && !isEnabled(m)),
        sometimes('the device is heard', (m) => isEnabled(m) && m.pci.state.functions.at(0).pending === 1),
      ] as never,
    }),
});
