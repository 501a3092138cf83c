// A level interrupt of a platform device: masked by VFIO, raised by an irqfd, ended by the guest, unmasked by the resamplefd. Linux: virt/kvm/eventfd.c irqfd_resampler_ack, vgic-v3.c vgic_v3_fold_lr.

import { kvmIrqfdAssign, kvmIrqfdDeassign } from '@virq/irq-core/kvm';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, defineFamily, omit, type Property, protocolsOn } from '@virq/irq-core/protocol';
import { CONFIG } from '../irq/layout.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { foldAcksAlways } from './corrected.ts';
import { type ArmMachine, GSI, kernelScope, smallMachine, spawn, startGuest } from './machine.ts';
import { runVcpu, startVcpu } from './vcpu.ts';
import {
  ASKED,
  armDevice,
  assignIrqfd,
  crashingDriver,
  createFds,
  DEVICE,
  device,
  HEARD,
  levelDriver,
  MASKED,
  OPEN_IN_THE_END,
  TAKEN,
  unmask,
} from './wired.ts';

const { protocol } = protocolsOn<ArmMachine>();

const LOCALS = { ...kvmIrqfdDeassign.locals.fields, ...kvmIrqfdAssign.locals.fields };
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/**
 * The VMM takes the irqfd away and gives it back, as for a reset of the guest. Taking it away has lowered the guest's line, so that no EOI will unmask what VFIO has
 * masked: the VMM has to.
 */
export const reassignAndUnmask = protocol('VMM, KVM_IRQFD off and on', LOCALS, (p: Combinators<ArmMachine, Frame>) => ({
  ...p.include('off', kvmIrqfdDeassign as never),
  ...p.include('on', kvmIrqfdAssign as never),
  unmask: (m) => void unmask(m),
}));
/** As a VMM has it that does not know. */
export const reassignOnly = omit(reassignAndUnmask, 'unmask');

/** A VMM that resets its guest: its vCPUs do not run until the irqfd is back. */
const vmm = (of: StandIn, run: unknown) =>
  protocol('VMM', LOCALS, (p: Combinators<ArmMachine, Frame>) => ({
    ...p.include('reassign', of(reassignAndUnmask) as never),
    resume: (m) => startVcpu(m, run, { vcpu: 0 }),
  }));

const PATHS = [foldAcksAlways, reassignAndUnmask];

/** Without a resamplefd the VMM lowers the line and unmasks when it sees the guest at the device; the corrected form, which KVM cannot give it. */
export const vgicResample = defineFamily({
  name: 'vgic-resample',
  summary: 'VGIC: a level interrupt that VFIO masks until the guest ends it, raised by an irqfd with a resamplefd',
  scope: {
    kernel: kernelScope('7.3'),
    host: { says: "version of the host's GIC and of the guest's", default: 3, min: 2, max: 3 },
    assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 },
    exits: { says: 'exits of the vCPU that nobody asks for', default: 0, min: 0, max: 2 },
    crashes: { says: 'times the guest crashes with the interrupt in its hands', default: 0, min: 0, max: 1 },
    reassign: {
      says: '1: the VMM takes the irqfd away and gives it back, with the device asserting',
      default: 0,
      min: 0,
      max: 1,
    },
    resamplefd: { says: '1: the irqfd has a resamplefd', default: 1, min: 0, max: 1 },
  },
  build: ({ kernel, host, assertions, exits, crashes, reassign, resamplefd }) =>
    defineMachineModel({
      name: 'vgic-resample',
      machine: smallMachine({
        kernel,
        processes: 6 + reassign,
        paths: [...PATHS, device],
        vm: { gic: host, host_gic: host },
      }),
      paths: [vgicInjectIrq, ...PATHS] as never,
      agents(of) {
        const run = runVcpu(of, foldAcksAlways, crashes === 0 ? levelDriver : crashingDriver);
        return [run, vmm(of, run)] as never;
      },
      start(m, [run, resets]) {
        startGuest(m, 1, CONFIG.LEVEL);
        const fds = createFds(m);
        armDevice(m, fds, resamplefd === 1);
        assignIrqfd(m, fds, { resample: resamplefd === 1 });
        if (reassign === 1) {
          m.vfio.assert(DEVICE);
          return spawn(m, resets, { fd: fds.trigger, resamplefd: fds.resample, resample: 1, gsi: GSI });
        }
        startVcpu(m, run, { vcpu: 0, left: exits + crashes });
        spawn(m, device, { left: assertions });
      },
      properties: [
        HEARD,
        ...(crashes === 0 ? [ASKED] : []),
        OPEN_IN_THE_END,
        MASKED,
        TAKEN,
      ] as unknown as readonly Property<never>[],
    }),
});
