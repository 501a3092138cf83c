// One POWER VM put together: state and the parts that work on it. Others add their room here: a field in layout.ts, a part in PowerChip, words in vocabulary/.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { createArch } from './arch.ts';
import { hostOf, type PowerHost } from './host/power-host.ts';
import { POWER_KERNELS } from './kernel.ts';
import type { Context } from './kvm/context.ts';
import { createDevices, type Devices } from './kvm/devices.ts';
import { createMappings, type Mappings } from './kvm/mappings.ts';
import { createNative, type Native } from './kvm/native.ts';
import { createPassthrough, type Passthrough } from './kvm/passthrough.ts';
import { createSources, type KvmSources } from './kvm/sources.ts';
import type { PowerState } from './layout.ts';
import { createMachineParts, type MachineParts } from './machine.ts';
import { type PowerOptions, powerOptions } from './options.ts';
import { createXicsDevice, type XicsDevice } from './xics/device.ts';

/** The interrupt controllers of one VM. */
export interface PowerChip extends VmChip, MachineParts {
  readonly context: Context;
  readonly state: PowerState;
  readonly options: PowerOptions;
  readonly host: PowerHost;
  readonly sources: KvmSources;
  readonly mappings: Mappings;
  readonly native: Native;
  readonly passthrough: Passthrough;
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
    profile: {
      ...POWER_KERNELS[vm.kernel],
      ...(options.passthroughData !== undefined && { passthroughData: options.passthroughData }),
    },
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
  const mappings = createMappings(context);
  const native = createNative(context, sources, mappings);
  const passthrough = createPassthrough(context);
  const devices = createDevices(context, { xive: native.ops, xics: xics.ops });
  const parts = { context, state, sources, mappings, native, devices, xics };
  const machine = createMachineParts(parts);
  const chip: PowerChip = {
    ...machine,
    context,
    state,
    options,
    host: context.host,
    sources,
    mappings,
    native,
    passthrough,
    devices,
    xics,
    arch: createArch(context, sources, passthrough),
    installDefaults() {
      if (options.icMode !== 'none') return void machine.spapr.powerOn();
      if (options.dev === 'none' || options.dev === 'dual') return;
      devices.create(options.dev);
      if (options.dev === 'xive' && options.mmap) native.mapWindows();
      if (!options.connect) return;
      for (const [vcpu, server] of options.servers.entries()) devices.connect(options.dev, vcpu, server);
    },
  };
  context.host.enroll(context.vm, chip);
  return chip;
}
