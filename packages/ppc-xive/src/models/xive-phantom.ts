// A vector is connected to an interrupt that the VMM makes later: set_mapped fails, and who learns of it. Linux: arch/powerpc/kvm/book3s_hv.c kvmppc_set_passthru_irq, kvmppc_irq_bypass_add_producer_hv.
//
// kvmppc_set_passthru_irq returns 0 whatever set_mapped returned. The irqbypass manager holds the two for connected; when they part, clr_mapped runs on a source that never had
// a device behind it.

import { u1 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { ESB } from '../hw/esb.ts';
import { PASSTHRU_LOCALS } from '../protocols/passthru.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import { chipOf, GSI, guestSource, makeSource, type PowerMachine, smallMachine } from './machine.ts';
import { configure, deliveryProperties, device, handler, setUpVector } from './xive-vectors.ts';

const { protocol } = protocolsOn<PowerMachine>();
const { sometimes } = propertiesOn<PowerMachine>();

type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number } & { connected: number };

const isMade = (m: PowerMachine): boolean => (chipOf(m).sources.find(GSI)?.valid ?? 0) === 1;

/** The VMM connects the vector before or after it has made the guest's interrupt; the guest starts it; the two part. */
const vmm = (of: StandIn) =>
  protocol(
    'VMM that connects first',
    { ...PASSTHRU_LOCALS, connected: u1 },
    (p: Combinators<PowerMachine, Frame>) =>
      ({
        order: p.choose(2, (m, _f, _self, choice) => {
          if (choice === 1) makeSource(m);
        }),
        ...p.locked('bypass', (m) => m.bypass.state.guard, { ...p.include('add', of(setPassthruNative) as never) }),
        isConnected(_m: PowerMachine, f: Frame) {
          f.connected = f.ret === 0 ? 1 : 0;
          f.ret = 0;
        },
        makeSource(m: PowerMachine) {
          if (!isMade(m)) makeSource(m);
        },
        unmask: (m: PowerMachine) => void chipOf(m).sources.load(guestSource(m), ESB.SET_PQ_00),
        configure,
        mustPart: (_m: PowerMachine, f: Frame) => (f.connected === 1 ? undefined : DONE),
        ...p.locked('bypass (unregister)', (m) => m.bypass.state.guard, {
          ...p.include('del', of(clrPassthruNative) as never),
        }),
      }) as never,
  );

/** A vector is connected too early. */
export const xivePhantom = defineFamily({
  name: 'xive-phantom',
  summary: 'XIVE native: a vector is connected to an interrupt that the VMM has not made yet',
  scope: { messages: { says: 'messages that the device sends', default: 1, min: 1, max: 3 } },
  build: ({ messages }) =>
    defineMachineModel({
      name: 'xive-phantom',
      machine: smallMachine({ processes: 8 }),
      paths: [setPassthruNative, clrPassthruNative],
      agents: (of) => [setPassthruNative, clrPassthruNative, vmm(of), handler, device] as never,
      start(m, [, , connecting]) {
        setUpVector(m as PowerMachine);
        m.processes.spawn(connecting as never, { gsi: GSI } as never);
        m.processes.spawn(handler as never, {} as never);
        m.processes.spawn(device as never, { left: messages } as never);
      },
      properties: [
        ...deliveryProperties.map((p) => ({
          ...p,
          holds: (m: PowerMachine, i: number) => !isMade(m) || p.holds(m, i),
        })),
        sometimes(
          'the interrupt is used through the irqfd',
          (m) => isMade(m) && guestSource(m).ptNumber === 0 && guestSource(m).eisn !== 0,
        ),
      ] as never,
    }),
});
