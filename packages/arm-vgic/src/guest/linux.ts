// The Linux of a VM put together: what its device tree says, how its vCPUs start, and how its accesses reach the VGIC.

import { EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../context.ts';
import { EXIT } from '../run/exits.ts';
import { affinityOf } from '../vgic/init.ts';
import type { Inputs } from '../vgic/inject.ts';
import { type AccessParts, createGuestAccess } from './access.ts';
import { createGuest, type DeviceTree, type Guest } from './guest.ts';
import { GuestCpu, GuestDevice, GuestIrq, GuestIts, type GuestState } from './layout.ts';

const HIGH = 2 ** 32;

/** What the guest stands on. */
export interface LinuxParts extends Omit<AccessParts, 'trace'> {
  readonly inputs: Inputs;
  /** KVM_RUN, as far as it can fail before the guest is entered. */
  firstRun(): number;
}

/** What the VMM has told the guest of the addresses and vCPUs that it has given KVM. */
function deviceTree({ state, options }: Context): DeviceTree {
  const { dist } = state;
  return {
    gic: () => dist.model,
    dist: () => dist.distBaseHi * HIGH + dist.distBaseLo,
    cpuInterface: () => dist.cpuBaseHi * HIGH + dist.cpuBaseLo,
    redistributors: () =>
      Array.from({ length: dist.regions }, (_, i) => state.regions.at(i)).map((r) => r.baseHi * HIGH + r.baseLo),
    itsCount: () => (dist.hasIts === 0 ? 0 : options.its),
    its: (n) => state.its.at(n).baseHi * HIGH + state.its.at(n).baseLo,
    affinity: (cpu) => affinityOf(options.ids[cpu] ?? cpu),
  };
}

/** Creates the guest over zeroed state. */
export function createLinux(ctx: Context, parts: LinuxParts): Guest {
  const { state, trace } = ctx;
  const { run, inputs } = parts;
  return createGuest({
    state: state.linux,
    bus: createGuestAccess({ ...parts, trace }),
    tree: deviceTree(ctx),
    trace,
    online: () => state.dist.online,
    start(cpu) {
      const error = parts.firstRun();
      if (error === 0 && !run.isIn(cpu)) run.enter(cpu);
      return error;
    },
    lowerEmulated(cpu, intid) {
      run.intercepted(cpu, EXIT.DABT_LOW, () => {
        if (trace.on) trace.emit('kvm_userspace_exit', { reason: 'KVM_EXIT_MMIO (6)' });
        inputs.inject(intid < 32 ? cpu : -1, intid, 0);
      });
    },
  });
}

/** Copies the plain fields of one view to another of the same struct. */
function copyFields(from: object, to: object, fields: object): void {
  for (const name of Object.keys(fields)) {
    const value = (from as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number') Object.assign(to, { [name]: value });
  }
}

/** What the memory of a stopped VM has of its Linux goes to another, which has the same sizes. -EINVAL if it has not. */
export function adoptLinux(from: GuestState, to: GuestState): number {
  const lists = [
    [from.cpus, to.cpus, GuestCpu.fields],
    [from.irqs, to.irqs, GuestIrq.fields],
    [from.devices, to.devices, GuestDevice.fields],
    [from.its, to.its, GuestIts.fields],
  ] as const;
  if (lists.some(([a, b]) => a.length !== b.length)) return -EINVAL;
  const { gic, eoimode, directLpi, lines } = from;
  Object.assign(to, { gic, eoimode, directLpi, lines });
  for (const [a, b, fields] of lists) for (let n = 0; n < a.length; n++) copyFields(a.at(n), b.at(n), fields);
  return 0;
}
