// An SPI that one vCPU takes and another one deactivates, beside a level SPI that comes again and again. Linux: vgic.c vgic_queue_irq_unlock, vgic-v3.c vgic_v3_fold_lr_state, vgic_v3_deactivate (7.x).

import { bits } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { defineMachineModel } from '@virq/irq-core/machine';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  type Outcome,
  omit,
  type Property,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { acknowledge, deactivateInterrupt, endOfInterrupt } from '../cpuif/acknowledge.ts';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { CONFIG, INTID } from '../irq/layout.ts';
import { EXIT } from '../run/exits.ts';
import {
  type ArmMachine,
  chipOf,
  cpuOf,
  kernelScope,
  SPI,
  smallMachine,
  spawn,
  spiOf,
  startGuest,
  tallyOf,
} from './machine.ts';

const { protocol } = protocolsOn<ArmMachine>();
const { quiescent, sometimes } = propertiesOn<ArmMachine>();

/** The edge, whose handler runs as a thread on vCPU 1, and the level interrupt, which vCPU 0 ends itself. */
const [EDGE, LEVEL] = [0, 1];
const THREAD = 1;
const nothing = (): void => undefined;

/** The guest has taken it and not deactivated it: a bit of `tally.saved`. */
const isHeld = (m: ArmMachine, n: number): boolean => ((tallyOf(m).saved >>> n) & 1) === 1;

/** `left` counts exits that nobody asks for, `again` how often the level interrupt is deactivated with its line still high. */
const LOCALS = { vcpu: bits(1), left: bits(2), again: bits(2) } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };
type Guest = Outcome<'guest'>;

/** IAR and EOIR, which with EOImode 1 is no more than the priority drop. */
function takeAndDrop(m: ArmMachine, vcpu: number): Guest {
  const c = cpuOf(m, vcpu);
  const n = acknowledge(c, 1);
  if (n < 0) return BLOCKED;
  const { intid } = c.lrs.at(n);
  endOfInterrupt(c, { group: 1, intid, direct: true }, nothing);
  tallyOf(m).saved |= 1 << (intid - SPI);
  return 'guest';
}

/** DIR, by KVM if it traps. */
function dir(m: ArmMachine, vcpu: number, n: number): Guest {
  tallyOf(m).saved &= ~(1 << n);
  const { run, paths } = chipOf(m);
  const isTrapped = deactivateInterrupt(cpuOf(m, vcpu), SPI + n, nothing) === 'exit';
  if (isTrapped) run.intercepted(vcpu, EXIT.SYS64, () => paths.deactivate(vcpu, SPI + n));
  return 'guest';
}

/** The handler of the level interrupt has quietened its device before DIR, or not yet. */
function dirOfLevel(m: ArmMachine, f: Frame): Guest {
  if (f.again > 0) f.again--;
  else spiOf(m, LEVEL).lineLevel = 0;
  return dir(m, f.vcpu, LEVEL);
}

/** A vCPU that is kicked, or has a maintenance interrupt, does nothing before it leaves. */
const hasToLeave = (m: ArmMachine, vcpu: number): boolean =>
  chipOf(m).context.kvm.vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE ||
  maintenancePending(cpuOf(m, vcpu), chipOf(m).lists.nrLr);

function leave(f: Frame): Outcome<never> {
  if (f.left === 0) return BLOCKED;
  f.left--;
  return undefined;
}

/** vCPU 0 takes both and ends the level one; vCPU 1 runs the thread of the edge. */
function act(m: ArmMachine, f: Frame, choice: number): Guest {
  if (hasToLeave(m, f.vcpu)) return undefined;
  if (choice === 0) return leave(f);
  if (f.vcpu === THREAD) return choice === 1 && isHeld(m, EDGE) ? dir(m, THREAD, EDGE) : BLOCKED;
  if (choice === 1) return takeAndDrop(m, f.vcpu);
  return isHeld(m, LEVEL) ? dirOfLevel(m, f) : BLOCKED;
}

/** SPIs on the lists, which is what the counter is meant to say. */
function listedSpis(m: ArmMachine): number {
  const { apLists, irqs } = chipOf(m).lists;
  let n = 0;
  for (let vcpu = 0; vcpu < chipOf(m).options.vcpus; vcpu++)
    for (let at = apLists.at(vcpu).first; at !== 0; at = irqs.at(at - 1).next)
      if (irqs.at(at - 1).intid >= INTID.SPI) n++;
  return n;
}

/** A guest with EOImode 1. Abstraction: exit and entry are one step each. Corrected: the counter follows the lists. */
export const runEoiMode1 = protocol(
  'kvm_arch_vcpu_ioctl_run (EOImode 1)',
  LOCALS,
  (p: Combinators<ArmMachine, Frame>) => ({
    guest: p.idle(p.choose(3, (m, f, _self, choice) => act(m, f, choice))),
    exit: (m, f) => chipOf(m).run.exit(f.vcpu),
    recount(m) {
      chipOf(m).state.dist.activeSpis = listedSpis(m);
    },
    enter(m, f): Guest {
      chipOf(m).run.enter(f.vcpu);
      return 'guest';
    },
  }),
);
/** As 7.x has it: up when an SPI comes on a list, down when the guest ends a level one. */
export const runEoiMode1Kernel = omit(runEoiMode1, 'recount');

/** Active where its state is now. */
function isActive(m: ArmMachine, n: number): boolean {
  const spi = spiOf(m, n);
  if (spi.onLr === 0) return spi.active === 1;
  const { lrs, used } = cpuOf(m, 0);
  for (let lr = 0; lr < used; lr++) if (lrs.at(lr).intid === spi.intid) return (lrs.at(lr).state & 2) !== 0;
  return false;
}

/** Two vCPUs, an edge and a level SPI. */
export const vgicDir = defineFamily({
  name: 'vgic-dir',
  summary:
    'VGIC: EOImode 1, an SPI that another vCPU deactivates, and the count by which 7.x decides whether DIR traps',
  scope: {
    kernel: kernelScope('7.3'),
    again: { says: 'times the level interrupt is deactivated with its line still high', default: 1, min: 0, max: 2 },
    exits: { says: 'exits of each vCPU that nobody asks for', default: 2, min: 0, max: 3 },
  },
  build: ({ kernel, again, exits }) =>
    defineMachineModel({
      name: 'vgic-dir',
      machine: smallMachine({ kernel, vcpus: 2, processes: 4, paths: [runEoiMode1], vm: { nr_lr: 2 } }),
      paths: [runEoiMode1] as never,
      start(m) {
        startGuest(m, 2, CONFIG.EDGE);
        const { inputs } = chipOf(m);
        spiOf(m, LEVEL).config = CONFIG.LEVEL;
        for (const vcpu of [0, THREAD]) {
          cpuOf(m, vcpu).vmcr.eoiMode = 1;
          chipOf(m).run.enter(vcpu);
        }
        for (const n of [EDGE, LEVEL]) inputs.inject(-1, SPI + n, 1, 0);
        for (const vcpu of [0, THREAD]) spawn(m, runEoiMode1, { vcpu, left: exits, again });
      },
      properties: [
        quiescent('what the guest has deactivated is not active', (m, n) => isHeld(m, n) || !isActive(m, n), {
          over: 2,
          consequence: 'the interrupt stays active for ever: its device is mute',
        }),
        sometimes(
          'the thread deactivates what another vCPU has taken',
          (m) => !isHeld(m, EDGE) && spiOf(m, EDGE).vcpu === 0,
        ),
        sometimes(
          'the level interrupt comes again while the edge is active',
          (m) => isHeld(m, EDGE) && isHeld(m, LEVEL),
        ),
      ] as unknown as readonly Property<never>[],
    }),
});
