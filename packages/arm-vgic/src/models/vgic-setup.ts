// A device that asserts while its next guest is being set up: the one of a VM that was killed, or one that does not wait. Linux: vfio_platform_irq.c, vgic-mmio.c vgic_mmio_write_cpending, vgic_mmio_write_config.

import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  type Outcome,
  omit,
  type Property,
  protocolsOn,
  replace,
} from '@virq/irq-core/protocol';
import { guestClearPending, guestEnable, userClearPending, writeConfig } from '../distributor/changes.ts';
import { CONFIG } from '../irq/layout.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import { foldAcksAlways } from './corrected.ts';
import { type ArmMachine, chipOf, kernelScope, smallMachine, spawn, spiHandle, spiOf, startGuest } from './machine.ts';
import { changing, queueAfter, WRITE_LOCALS, type WriteFrame } from './registers.ts';
import { runVcpu, startVcpu } from './vcpu.ts';
import {
  ASKED,
  armDevice,
  assignIrqfd,
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

/** Flags of the set-up: the VMM resets the GIC once the device is armed; the guest writes ICPENDR. */
const [RESET, CLEAR] = [1, 2];

/**
 * A VMM and a guest's firmware and kernel, up to the guest's request_irq. The VMM makes the SPI level before it arms the device, because an edge is all that the VGIC would
 * keep of an assertion that comes before the guest has configured it; and after a reset of the GIC it unmasks, because the reset has forgotten the assertion.
 */
export const setUp = protocol('set-up', WRITE_LOCALS, (p: Combinators<ArmMachine, WriteFrame>) => ({
  configureFirst: changing(writeConfig),
  arm: (m) => armDevice(m),
  isReset: (_m, f): Outcome<'isCleared'> => ((f.spis & RESET) === 0 ? 'isCleared' : undefined),
  resetLatch: changing(userClearPending),
  resetLine: changing((i) => {
    i.lineLevel = 0;
    return false;
  }),
  unmask: (m) => void unmask(m),
  isCleared: (_m, f): Outcome<'configure'> => ((f.spis & CLEAR) === 0 ? 'configure' : undefined),
  clearPending: changing(guestClearPending),
  configure: changing(writeConfig),
  enable: changing(guestEnable),
  ...queueAfter(p),
}));
/** As VMMs have it: the SPI is an edge until the guest says otherwise. */
export const setUpEdge = omit(setUp, 'configureFirst');
/** As VMMs have it: nothing follows the reset. */
export const setUpReset = omit(setUp, 'unmask');

/** The VGIC before September 2014: one bit for the input and the latch (faa1b46c3e9f took them apart). */
export const injectOneBit = replace(vgicInjectIrq, 'change', (m: ArmMachine, f): Outcome<'unlock irq'> => {
  f.to = 0;
  if (f.changed === 1) return undefined;
  const i = (m.vms[f.vm] as ArmMachine['vms'][number]).chip.irqs.at(f.irq);
  if (i.pendingLatch === f.level) return 'unlock irq';
  i.pendingLatch = f.level;
  f.changed = 1;
  return undefined;
});

/** Starts the guest's vCPU behind the set-up. */
const boot = (of: StandIn, run: unknown) =>
  protocol('VMM and guest', WRITE_LOCALS, (p: Combinators<ArmMachine, WriteFrame>) => ({
    ...p.include('setUp', of(setUp) as never),
    run(m): Outcome<never> {
      if (chipOf(m).lists.apLists.at(0).apLock.holder !== 0 || spiOf(m).irqLock.holder !== 0) return BLOCKED;
      startVcpu(m, run, { vcpu: 0 });
    },
  }));

const PATHS = [foldAcksAlways, setUp];

/** A device that asserts from the beginning on, and a guest that is not there yet. */
export const vgicSetup = defineFamily({
  name: 'vgic-setup',
  summary: 'VGIC: a device, masked by VFIO, asserts while VMM and guest set its interrupt up',
  scope: {
    kernel: kernelScope('7.3'),
    host: { says: "version of the host's GIC and of the guest's", default: 3, min: 2, max: 3 },
    assertions: { says: 'times the device asserts again', default: 1, min: 0, max: 2 },
    reset: { says: '1: the VMM resets the GIC after the device is armed', default: 0, min: 0, max: 1 },
    clear: { says: '1: the guest writes GICD_ICPENDR before it configures the SPI', default: 1, min: 0, max: 1 },
  },
  build: ({ kernel, host, assertions, reset, clear }) =>
    defineMachineModel({
      name: 'vgic-setup',
      machine: smallMachine({ kernel, processes: 8, paths: [...PATHS, device], vm: { gic: host, host_gic: host } }),
      paths: [vgicInjectIrq, ...PATHS] as never,
      agents(of) {
        const run = runVcpu(of, foldAcksAlways, levelDriver);
        return [run, boot(of, run)] as never;
      },
      start(m, [, guest]) {
        startGuest(m, 1, CONFIG.EDGE);
        spiOf(m).enabled = 0;
        assignIrqfd(m, createFds(m));
        m.vfio.assert(DEVICE);
        spawn(m, guest, { irq: spiHandle(m), spis: reset * RESET + clear * CLEAR });
        if (assertions > 0) spawn(m, device, { left: assertions });
      },
      properties: [
        HEARD,
        ...(reset === 0 ? [ASKED] : []),
        OPEN_IN_THE_END,
        MASKED,
        TAKEN,
      ] as unknown as readonly Property<never>[],
    }),
});
