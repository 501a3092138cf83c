// Interrupts come while a vCPU enters its guest, runs, leaves, and waits in WFI. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run, kvm_vcpu_wfi; Documentation/virt/kvm/vcpu-requests.rst.

import { bits, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  type Outcome,
  type Property,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { CONFIG } from '../irq/layout.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { kvmVcpuReenter } from '../run/exit.ts';
import { RUN_LOCALS as PATH_LOCALS } from '../run/frame.ts';
import { kvmVcpuWfi } from '../run/wfi.ts';
import { isKicked } from '../run/world.ts';
import {
  type ArmMachine,
  chipOf,
  cpuOf,
  kernelScope,
  smallMachine,
  spawn,
  spiHandle,
  startGuest,
  tallyOf,
} from './machine.ts';
import { end, type RunFrame, STAGE, startVcpu, take } from './vcpu.ts';
import { LIST_PROPERTIES } from './vgic-queue.ts';

const { protocol } = protocolsOn<ArmMachine>();
const { sometimes } = propertiesOn<ArmMachine>();

const LOCALS = { ...PATH_LOCALS, held: u16, stage: bits(2), waits: bits(2) } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

const [HANDLE, EXIT, WAIT] = [0, 1, 2];

/** The guest takes and ends interrupts; with none in its hands it may wait; a kick and the maintenance interrupt come when they come. */
function act(m: ArmMachine, f: Frame, choice: number): Outcome<'guest' | 'exit' | 'wait'> {
  const asRun = f as unknown as RunFrame;
  if (choice === HANDLE) return f.stage === STAGE.IDLE ? (take(m, asRun) as never) : (end(m, asRun) as never);
  if (choice === WAIT) {
    if (f.stage !== STAGE.IDLE || f.waits === 0) return BLOCKED;
    f.waits--;
    return 'wait';
  }
  const mustExit = isKicked(m, f) || maintenancePending(cpuOf(m, f.vcpu), chipOf(m).lists.nrLr);
  return choice === EXIT && mustExit ? 'exit' : BLOCKED;
}

/** The run loop as it is, with a guest that waits. */
const vcpu = (of: StandIn) =>
  protocol('vCPU that waits', LOCALS, (p: Combinators<ArmMachine, Frame>) => ({
    guest: p.idle(p.choose(3, (m, f, _self, choice) => act(m, f, choice))),
    exit: () => undefined,
    ...p.include('run', of(kvmVcpuReenter) as never),
    again: (): Outcome<'guest'> => 'guest',
    wait: () => undefined,
    ...p.include('wfi', of(kvmVcpuWfi) as never),
    awake: (): Outcome<'guest'> => 'guest',
  }));

const PATHS = [kvmVcpuReenter, kvmVcpuWfi];

/** One vCPU. */
export const vgicKick = defineFamily({
  name: 'vgic-kick',
  summary: 'VGIC: edges are raised while a vCPU enters its guest, runs, leaves and waits in WFI',
  scope: {
    kernel: kernelScope('7.3'),
    edges: { says: 'edges of one SPI', default: 2, min: 1, max: 3 },
    waits: { says: 'times the guest waits in WFI', default: 1, min: 0, max: 2 },
  },
  build: ({ kernel, edges, waits }) =>
    defineMachineModel({
      name: 'vgic-kick',
      machine: smallMachine({ kernel, processes: 2 + edges, paths: PATHS }),
      paths: [vgicInjectIrq, ...PATHS] as never,
      agents: (of) => [vcpu(of)] as never,
      start(m, [run]) {
        startGuest(m, 1, CONFIG.EDGE);
        startVcpu(m, run, { vcpu: 0, waits });
        for (let n = 0; n < edges; n++) spawn(m, vgicInjectIrq, { level: 1, irq: spiHandle(m) });
      },
      properties: [
        ...LIST_PROPERTIES(1, 1),
        sometimes('the vCPU sleeps', (m) => chipOf(m).context.kvm.vcpus.isBlocking(0) || waits === 0),
        sometimes('two interrupts are taken', (m) => tallyOf(m).taken.get(0) > 1 || edges === 1),
      ] as unknown as readonly Property<never>[],
    }),
});
