// The latch of an interrupt, written by a guest while its vCPU has the interrupt in a list register. Linux: vgic-mmio.c vgic_mmio_write_spending, vgic_mmio_write_cpending, vgic-v3.c vgic_v3_fold_lr.

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
  replace,
} from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import { guestClearPending, guestSetPending } from '../distributor/changes.ts';
import { CONFIG } from '../irq/layout.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { isInputBusy } from '../lists/world.ts';
import {
  type ArmMachine,
  chipOf,
  kernelScope,
  SPI,
  smallMachine,
  spawn,
  spiHandle,
  spiOf,
  startGuest,
  tallyOf,
} from './machine.ts';
import { changing, queueAfter, WRITE_LOCALS, type WriteFrame } from './registers.ts';
import { end, type GuestCode, leave, runVcpu, STAGE, startVcpu, take } from './vcpu.ts';

const { protocol } = protocolsOn<ArmMachine>();
const { always, quiescent, sometimes } = propertiesOn<ArmMachine>();

/** Takes, and notes that it did after the write. */
function takeAndNote(...[m, f]: Parameters<typeof take>): ReturnType<typeof take> {
  const outcome = take(m, f);
  if (outcome !== BLOCKED && tallyOf(m).done === 1) tallyOf(m).saved = 1;
  return outcome;
}

/** A driver of a wire that user space lowers when it is served. */
const lineDriver: GuestCode = {
  choices: 2,
  act(m, f, choice) {
    if (choice === 1) return leave(m, f);
    if (f.stage === STAGE.IDLE) return takeAndNote(m, f);
    if (f.stage === STAGE.SERVED) return end(m, f);
    if (isInputBusy(chipOf(m).lists, spiOf(m))) return BLOCKED;
    chipOf(m).inputs.inject(-1, SPI, 0);
    f.stage = STAGE.SERVED;
    return 'guest';
  },
};

/** A driver of edges. */
const noting: GuestCode = {
  choices: 2,
  act(m, f, choice) {
    if (choice === 1) return leave(m, f);
    return f.stage === STAGE.IDLE ? takeAndNote(m, f) : end(m, f);
  },
};

/** The write, and from now on what the guest takes counts. */
const noted =
  (write: (m: ArmMachine, f: WriteFrame) => Outcome<never>) =>
  (m: ArmMachine, f: WriteFrame): Outcome<never> => {
    if (write(m, f) === BLOCKED) return BLOCKED;
    tallyOf(m).done = 1;
    return undefined;
  };

/** GICD_ISPENDR. */
const setPending = protocol('vgic_mmio_write_spending', WRITE_LOCALS, (p: Combinators<ArmMachine, WriteFrame>) => ({
  write: noted(changing(guestSetPending)),
  ...queueAfter(p),
}));

const clear = noted(changing(guestClearPending));

/** GICD_ICPENDR that stops the vCPUs, as ICACTIVER does, because what is in an LR is not the latch any more. */
export const clearPendingStopped = protocol(
  'vgic_mmio_write_cpending',
  WRITE_LOCALS,
  (p: Combinators<ArmMachine, WriteFrame>) => ({
    start: p.idle((m) => (spiOf(m).pendingLatch + spiOf(m).onLr === 0 ? BLOCKED : undefined)),
    stop: (m) => chipOf(m).context.kvm.vcpus.notify(0, ARM_REQ.IRQ_PENDING),
    isStopped: (m): Outcome<'stop'> => (spiOf(m).onLr === 1 ? 'stop' : undefined),
    write: (m, f): Outcome<'stop'> => (spiOf(m).onLr === 1 ? 'stop' : clear(m, f)),
  }),
);
/** As the kernel has it. */
export const clearPendingKernel = replace(omit(clearPendingStopped, 'stop', 'isStopped'), 'write', clear);

/** A level interrupt that the guest makes pending once more while it handles it: by the architecture it comes again. */
export const vgicSoftPend = defineFamily({
  name: 'vgic-soft-pend',
  summary: 'VGIC: a level interrupt, and GICD_ISPENDR at any time',
  scope: {
    kernel: kernelScope('7.3'),
    writes: { says: 'writes to GICD_ISPENDR', default: 0, min: 0, max: 1 },
    exits: { says: 'exits that nobody asks for', default: 1, min: 0, max: 2 },
  },
  build: ({ kernel, writes, exits }) =>
    defineMachineModel({
      name: 'vgic-soft-pend',
      machine: smallMachine({ kernel, processes: 4, paths: [setPending] }),
      paths: [vgicFoldLrState] as never,
      agents: (of) => [runVcpu(of, vgicFoldLrState, lineDriver)] as never,
      start(m, [run]) {
        startGuest(m, 1, CONFIG.LEVEL);
        chipOf(m).inputs.inject(-1, SPI, 1);
        startVcpu(m, run, { vcpu: 0, left: exits });
        if (writes === 1) spawn(m, setPending, { irq: spiHandle(m) });
      },
      properties: [
        quiescent('what the guest has made pending comes', (m) => tallyOf(m).done === 0 || tallyOf(m).saved === 1, {
          consequence: 'an interrupt that a guest sends to itself or to another vCPU is lost',
        }),
        sometimes('the guest takes the interrupt', (m) => tallyOf(m).taken.get(0) > 0),
      ] as unknown as readonly Property<never>[],
    }),
});

/** An edge that is cleared after it came and before it was taken. */
export const vgicClear = defineFamily({
  name: 'vgic-clear',
  summary: 'VGIC: an edge, and GICD_ICPENDR by another vCPU before it is taken',
  scope: {
    kernel: kernelScope('7.3'),
    exits: { says: 'exits that nobody asks for', default: 1, min: 0, max: 2 },
  },
  build: ({ kernel, exits }) =>
    defineMachineModel({
      name: 'vgic-clear',
      machine: smallMachine({ kernel, processes: 4, paths: [clearPendingStopped] }),
      paths: [clearPendingStopped, vgicFoldLrState] as never,
      agents: (of) => [runVcpu(of, vgicFoldLrState, noting)] as never,
      start(m, [run]) {
        startGuest(m, 1, CONFIG.EDGE);
        chipOf(m).inputs.inject(-1, SPI, 1);
        startVcpu(m, run, { vcpu: 0, left: exits });
        spawn(m, clearPendingStopped, { irq: spiHandle(m) });
      },
      properties: [
        always('what was cleared is not taken', (m) => tallyOf(m).saved === 0, {
          consequence: 'a driver that has cleared an interrupt is called for it all the same',
        }),
        sometimes('the guest takes the interrupt', (m) => tallyOf(m).taken.get(0) > 0),
        sometimes('the interrupt is cleared', (m) => tallyOf(m).done === 1),
      ] as unknown as readonly Property<never>[],
    }),
});
