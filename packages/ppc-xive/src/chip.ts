// One POWER VM put together: state and the parts that work on it. Others add their room here: a field in layout.ts, a part in PowerChip, words in vocabulary/.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { createArch } from './arch.ts';
import { hostOf, type PowerHost } from './host/power-host.ts';
import { POWER_KERNELS } from './kernel.ts';
import type { Context } from './kvm/context.ts';
import { createDevices, type Devices } from './kvm/devices.ts';
import { createNative } from './kvm/native.ts';
import { createSources, type KvmSources } from './kvm/sources.ts';
import type { PowerState } from './layout.ts';
import { type PowerOptions, powerOptions } from './options.ts';
import { createXicsDevice, type XicsDevice } from './xics/device.ts';

/** The interrupt controllers of one VM. */
export interface PowerChip extends VmChip {
  readonly context: Context;
  readonly state: PowerState;
  readonly options: PowerOptions;
  readonly host: PowerHost;
  readonly sources: KvmSources;
  readonly devices: Devices;
  /** The device of XICS mode; it works while the VM has one of that type. */
  readonly xics: XicsDevice;
}

function contextOf(vm: VmContext, state: PowerState, options: PowerOptions): Context {
  return {
    vm: vm.vm,
    state: state.kvm,
    host: hostOf(vm.host),
    kvm: vm.kvm,
    trace: vm.trace,
    profile: POWER_KERNELS[vm.kernel],
    options,
    processes: vm.processes,
  };
}

/** Creates the chip over zeroed state; the device that the options name is there at once, with its vCPUs connected. */
export function createPowerChip(vm: VmContext, state: PowerState): PowerChip {
  const options = powerOptions(vm.options);
  const context = contextOf(vm, state, options);
  const sources = createSources(context);
  const xics = createXicsDevice(context, { sources, now: vm.now });
  const devices = createDevices(context, { xive: createNative(context), xics: xics.ops });
  return {
    context,
    state,
    options,
    host: context.host,
    sources,
    devices,
    xics,
    arch: createArch(context, sources),
    installDefaults() {
      if (options.dev === 'none' || options.dev === 'dual') return;
      devices.create(options.dev);
      if (!options.connect) return;
      for (const [vcpu, server] of options.servers.entries()) devices.connect(options.dev, vcpu, server);
    },
  };
}
