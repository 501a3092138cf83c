// QEMU's machine and the guest in it, on top of KVM's devices: the upper half of a POWER VM put together.

import { createGuest, type Guest } from './guest/guest.ts';
import { bindEscalations, createVcpuRun, type VcpuRun } from './guest/run.ts';
import type { Context } from './kvm/context.ts';
import type { Devices } from './kvm/devices.ts';
import type { Mappings } from './kvm/mappings.ts';
import type { Native } from './kvm/native.ts';
import type { KvmSources } from './kvm/sources.ts';
import type { PowerState } from './layout.ts';
import { H, type HcallName } from './spapr/codes.ts';
import { createKvmXics, createKvmXive } from './spapr/kvm-intc.ts';
import { createPages } from './spapr/pages.ts';
import { createSpapr, type Spapr } from './spapr/spapr.ts';
import type { HcallArgs, HcallResult } from './spapr/xive-hcalls.ts';
import type { XicsDevice } from './xics/device.ts';
import { XICS_HCALLS, type XicsHcall } from './xics/hcalls.ts';
import { callRtas, type RtasName } from './xics/rtas.ts';

/** The upper half of a VM. */
export interface MachineParts {
  readonly run: VcpuRun;
  readonly spapr: Spapr;
  readonly guest: Guest;
}

/** What it stands on. */
export interface KvmParts {
  readonly context: Context;
  readonly state: PowerState;
  readonly sources: KvmSources;
  readonly mappings: Mappings;
  readonly native: Native;
  readonly devices: Devices;
  readonly xics: XicsDevice;
}

/** Hypercalls that KVM answers: those of XICS, for a vCPU in that mode. */
function inKernel({ xics }: KvmParts): (vcpu: number, name: HcallName, args: HcallArgs) => HcallResult {
  return (vcpu, name, args) => {
    if (!XICS_HCALLS.includes(name as XicsHcall)) return { rc: H.TOO_HARD };
    const { ret, r4, r5 } = xics.hcall(vcpu, name as XicsHcall, args);
    return { rc: ret, out: [r4, r5].filter((r) => r !== undefined).map(BigInt) };
  };
}

/** Creates it. */
export function createMachineParts(parts: KvmParts): MachineParts {
  const { context, state, sources, mappings, native, devices, xics } = parts;
  const run = createVcpuRun(context, state.guest);
  bindEscalations(context, run);
  const pages = createPages(native, mappings);
  const intc = { ctx: context, devices, native, sources, xics, pages };
  const spapr = createSpapr({
    ctx: context,
    state: state.spapr,
    xive: createKvmXive(intc),
    xics: createKvmXics(intc),
    pages,
  });
  const guest = createGuest({
    ctx: context,
    state: state.guest,
    run,
    spapr,
    inKernel: inKernel(parts),
    rtas: (cpu, name, args) => guest.exits.rtas(cpu, name, () => callRtas(xics.rtas, name as RtasName, args).status),
  });
  return { run, spapr, guest };
}
