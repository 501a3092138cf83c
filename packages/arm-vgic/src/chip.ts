// One Arm VM put together: state and the parts that work on it. Others add their room here: a field in layout.ts, a part in ArmChip, words in vocabulary/.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { createArch } from './arch.ts';
import type { Context } from './context.ts';
import type { DirectSgis } from './distributor/bank.ts';
import { createBus, type GuestBus } from './distributor/bus.ts';
import { createRegisters, type VgicRegisters } from './distributor/registers.ts';
import type { Guest } from './guest/guest.ts';
import { createLinux } from './guest/linux.ts';
import { hostOf } from './host/arm-host.ts';
import { profileOf } from './kernel.ts';
import { createKvmApi, type KvmApi } from './kvm/api.ts';
import { createRegions } from './kvm/regions.ts';
import { createUserRegisters } from './kvm/registers.ts';
import { setUpDevices } from './kvm/set-up.ts';
import { createOnlineVcpus } from './kvm/vcpus.ts';
import type { ArmState } from './layout.ts';
import type { VgicLists } from './lists/world.ts';
import { type ArmOptions, armOptions } from './options.ts';
import { type Cpus, createCpus, createGuestCpu, type GuestCpu } from './run/cpus.ts';
import { gicvFrames } from './run/gicv-frames.ts';
import { bindVcpus } from './run/parts.ts';
import { NO_RESIDENCY } from './run/residency.ts';
import { createRunLoop, type RunLoop } from './run/run-loop.ts';
import type { VcpuParts } from './run/world.ts';
import { createLifecycle, type Lifecycle } from './vgic/init.ts';
import { createInputs, type Inputs } from './vgic/inject.ts';
import { createIrqTable, type IrqTable } from './vgic/irqs.ts';
import { setUpLpis } from './vgic/its-set-up.ts';
import { createItsParts, type ItsParts } from './vgic/itss.ts';
import { bindLists } from './vgic/lists.ts';
import { createMappedIrqs, type MappedIrqs } from './vgic/mapped.ts';
import { createPaths, type VgicPaths } from './vgic/paths.ts';

/** The interrupt controllers of one VM. */
export interface ArmChip extends VmChip {
  readonly context: Context;
  readonly state: ArmState;
  readonly options: ArmOptions;
  readonly irqs: IrqTable;
  readonly lists: VgicLists;
  readonly inputs: Inputs;
  readonly lifecycle: Lifecycle;
  readonly its: ItsParts;
  /** The ap_list paths, in one go where nobody is between. */
  readonly paths: VgicPaths;
  /** CPU interfaces, vCPUs as the run loop has them, and what guests do there. */
  readonly cpus: Cpus;
  readonly vcpus: VcpuParts;
  readonly run: RunLoop;
  readonly guest: GuestCpu;
  readonly mapped: MappedIrqs;
  /** Ioctls of the VM and its devices. */
  readonly kvm: KvmApi;
  /** Distributor, redistributors, SGIs. */
  readonly registers: VgicRegisters;
  /** The Linux that runs in the VM. */
  readonly linux: Guest;
  /** What a guest's loads and stores meet. */
  readonly bus: GuestBus;
}

/** A host without GICv4.1. */
const NO_DIRECT_SGIS: DirectSgis = { onHost: false, configure: () => undefined };

function contextOf(vm: VmContext, state: ArmState): Context {
  const options = armOptions(vm.options);
  return {
    vm: vm.vm,
    state,
    host: hostOf(vm.host),
    kvm: vm.kvm,
    trace: vm.trace,
    profile: profileOf(vm.kernel, options.vgic),
    options,
    processes: vm.processes,
  };
}

/** Creates the chip over zeroed state; the GIC that the options name is there at once, initialised if they say so. */
export function createArmChip(vm: VmContext, state: ArmState): ArmChip {
  const context = contextOf(vm, state);
  const { options } = context;
  const its: ItsParts = createItsParts(context, (lpi) => inputs.queue(irqs.ofLpi(lpi)));
  const irqs = createIrqTable(
    state.irqs,
    () => state.dist.nrSpis,
    () => its.lpis,
  );
  const lifecycle = createLifecycle(context, irqs);
  const inputs: Inputs = createInputs(context, { irqs, lazyInit: lifecycle.lazyInit, paths: () => paths });
  const lists = bindLists(context, {
    irqs,
    lpis: its.lpis,
    writeIcactiver: (vcpu, intid) => registers.clearActive(vcpu, intid),
    hasVlpi: NO_RESIDENCY.isPendingLast,
  });
  const paths = createPaths(context, lists);
  context.host.ties.addVm(vm.vm, (vcpu, intid, owner) => void inputs.inject(vcpu, intid, 1, owner));
  const cpus = createCpus(context);
  const vcpus = bindVcpus(context, lists, cpus, NO_RESIDENCY);
  const run = createRunLoop(context, vcpus, paths);
  const online = createOnlineVcpus(state);
  const regions = createRegions(state, options.ipaBits);
  const registers: VgicRegisters = createRegisters(
    {
      ...{ ctx: context, form: context.profile.registers, irqs, lists, its, directSgis: NO_DIRECT_SGIS },
      online: () => online.count,
      isLastRedistributor: regions.isLast,
    },
    run,
  );
  const trapsDir = context.profile.lr.overflow !== 'underflow';
  const kvm = createKvmApi({
    ...{ context, vcpus: online, regions, lifecycle, irqs, inputs, its },
    registers: createUserRegisters({ frames: registers.frames, cpus, trapsDir }),
  });
  context.host.peers[vm.vm] = kvm;
  const guest = createGuestCpu(cpus, run, paths);
  const bus = createBus({ ctx: context, frames: registers.frames, its, others: gicvFrames(context, cpus, paths) });
  const linux = createLinux(context, {
    ...{ run, bus, registers, inputs, cpus: guest, ram: its.ram },
    firstRun: kvm.firstRun,
  });
  return {
    context,
    state,
    options,
    irqs,
    lists,
    inputs,
    lifecycle,
    its,
    ...{ paths, cpus, vcpus, run, guest, mapped: createMappedIrqs(context, irqs) },
    ...{ registers, bus, linux, kvm },
    arch: createArch(context, { inputs, msi: its.msi, lazyInit: lifecycle.lazyInit, vcpus: () => vcpus }),
    installDefaults() {
      setUpDevices(kvm);
      if (options.gic !== 0 && options.init && options.itsSetup && options.its > 0) setUpLpis(context, its.all);
    },
  };
}
