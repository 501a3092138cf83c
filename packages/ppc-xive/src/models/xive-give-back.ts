// OPAL refuses to route a device's interrupt back to the host while other paths want the block of its source. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_clr_mapped; sysdev/xive/common.c xive_irq_set_vcpu_affinity.
//
// Assumption: xive_native_configure_irq can fail with something other than OPAL_BUSY, as skiboot's code can.

import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, defineFamily, propertiesOn, protocolsOn, replace } from '@virq/irq-core/protocol';
import { sourceSync } from '../protocols/attributes.ts';
import { clrPassthru, PASSTHRU_LOCALS } from '../protocols/passthru.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import { chipOf, GSI, makeSource, openDevice, type PowerMachine, smallMachine } from './machine.ts';

const ENXIO = 6;
const { protocol } = protocolsOn<PowerMachine>();
const { quiescent, sometimes } = propertiesOn<PowerMachine>();

type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };
type Path = typeof clrPassthruNative;

/** xive_native_configure_irq, which may fail. */
function mayRefuse(path: Path): Path {
  const label = 'unmap.give.routeToHost';
  const route = path.steps[path.labels.indexOf(label)] as (
    m: never,
    f: never,
    self: number,
    choice: number,
  ) => undefined;
  const [step] = protocol('routeToHost', PASSTHRU_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
    route: p.choose(2, (m, f, self, choice) => {
      if (choice === 0) return route(m as never, f as never, self, 0);
      f.ret = ENXIO;
      return 'unmap.give.unlock desc' as never;
    }),
  })).steps;
  return replace(path, label, step as never);
}

/** kvmppc_clr_passthru_irq over an OPAL that may refuse: as proved, and as the kernel has it. */
export const clrPassthruRefused = mayRefuse(clrPassthruNative);
export const clrPassthruRefusedKernel = mayRefuse(clrPassthru as unknown as Path);

/** The vector is connected and parted. */
const connectAndPart = (of: StandIn) =>
  protocol(
    'irq_bypass_register_producer, _unregister_producer',
    PASSTHRU_LOCALS,
    (p: Combinators<PowerMachine, Frame>) =>
      ({
        ...p.include('add', of(setPassthruNative) as never),
        ...p.include('del', of(clrPassthruRefused) as never),
      }) as never,
  );

const isHeld = (m: PowerMachine): boolean => chipOf(m).state.kvm.sbLocks.at(0).holder !== 0;

/** A vector parts while the VMM synchronises the source. */
export const xiveGiveBack = defineFamily({
  name: 'xive-give-back',
  summary: 'XIVE native: OPAL refuses to route an interrupt back to the host while other paths want its block',
  scope: { syncs: { says: 'SOURCE_SYNC calls beside it', default: 1, min: 0, max: 2 } },
  build: ({ syncs }) =>
    defineMachineModel({
      name: 'xive-give-back',
      machine: smallMachine({ processes: 3 + syncs }),
      paths: [setPassthruNative, clrPassthruRefused],
      agents: (of) => [setPassthruNative, clrPassthruRefused, sourceSync, connectAndPart(of)] as never,
      start(m, agents) {
        openDevice(m);
        makeSource(m);
        m.processes.spawn(agents.at(-1) as never, { gsi: GSI } as never);
        for (let i = 0; i < syncs; i++) m.processes.spawn(sourceSync as never, { gsi: GSI } as never);
      },
      properties: [
        quiescent('the lock of the block is free in the end', (m) => !isHeld(m), {
          consequence: 'every later use of one of 1024 interrupts spins for ever',
        }),
        sometimes(
          'the host has its interrupt back',
          (m) => m.parts.power.irq(0).forwarded === 0 && chipOf(m).state.kvm.passthru.at(0).used === 1,
        ),
        sometimes('somebody else has the lock of the block', isHeld),
      ] as never,
    }),
});
