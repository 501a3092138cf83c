// One Arm VM put together: state and the parts that work on it. Others add their room here: a field in layout.ts, a part in ArmChip, words in vocabulary/.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { createArch } from './arch.ts';
import type { Context } from './context.ts';
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
import { createRunLoop, type RunLoop } from './run/run-loop.ts';
import type { VcpuParts } from './run/world.ts';
import { createBypassHooks } from './v4/bypass.ts';
import { createV4, type V4 } from './v4/v4.ts';
import { directSgisOf } from './v4/vsgis.ts';
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
  readonly v4: V4;
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

/** Interrupts, their lists and registers, vCPUs: what KVM keeps of the VGIC. The parts know one another both ways. */
function createVgic(context: Context) {
  const { state } = context;
  const its: ItsParts = createItsParts(
    context,
    (lpi) => inputs.queue(irqs.ofLpi(lpi)),
    () => v4.itsCreated(),
  );
  const irqs = createIrqTable(
    state.irqs,
    () => state.dist.nrSpis,
    () => its.lpis,
  );
  const lifecycle = createLifecycle(context, irqs, () => v4.init());
  const inputs: Inputs = createInputs(context, { irqs, lazyInit: lifecycle.lazyInit, paths: () => paths });
  const lists = bindLists(context, {
    irqs,
    lpis: its.lpis,
    writeIcactiver: (vcpu, intid) => registers.clearActive(vcpu, intid),
    hasVlpi: (vcpu) => v4.isPendingLast(vcpu),
  });
  const paths = createPaths(context, lists);
  const cpus = createCpus(context, () => v4, lists);
  const vcpus = bindVcpus(context, lists, cpus, () => v4);
  const run = createRunLoop(context, vcpus, paths);
  const v4: V4 = createV4(context, { its, irqs, run });
  const online = createOnlineVcpus(state);
  const regions = createRegions(context);
  const { registers: form } = context.profile;
  const directSgis = directSgisOf(context, () => v4);
  const given = { ctx: context, form, irqs, lists, paths, its, directSgis };
  const placed = { online: () => online.count, isLastRedistributor: regions.isLast };
  const registers: VgicRegisters = createRegisters({ ...given, ...placed }, run);
  return { its, irqs, lifecycle, inputs, lists, paths, cpus, vcpus, run, v4, online, regions, registers, directSgis };
}

/** Creates the chip over zeroed state; the GIC that the options name is there at once, initialised if they say so. */
export function createArmChip(vm: VmContext, state: ArmState): ArmChip {
  const context = contextOf(vm, state);
  const { options, host } = context;
  const { online, regions, directSgis, ...vgic } = createVgic(context);
  const { its, irqs, lifecycle, inputs, lists, paths, cpus, vcpus, run, v4, registers } = vgic;
  host.ties.addVm(vm.vm, (vcpu, intid, owner) => void inputs.inject(vcpu, intid, 1, owner));
  const kvm = createKvmApi({
    ...{ context, vcpus: online, regions, lifecycle, irqs, inputs, its },
    registers: createUserRegisters(context, registers.frames, cpus),
    configureSgis: directSgis.configure,
  });
  host.peers[vm.vm] = kvm;
  const guest = createGuestCpu(cpus, run, paths);
  const bus = createBus({ ctx: context, frames: registers.frames, its, others: gicvFrames(context, cpus, paths) });
  const linux = createLinux(context, {
    ...{ run, bus, registers, inputs, cpus: guest, ram: its.ram },
    firstRun: kvm.firstRun,
  });
  return {
    ...{ context, state, options },
    ...vgic,
    ...{ kvm, guest, bus, linux },
    mapped: createMappedIrqs(context, irqs),
    arch: {
      ...createArch(context, { inputs, msi: its.msi, irqs, lists, lazyInit: lifecycle.lazyInit, vcpus: () => vcpus }),
      ...createBypassHooks(v4),
    },
    installDefaults() {
      setUpDevices(kvm);
      if (options.gic !== 0 && options.init && options.itsSetup && options.its > 0) setUpLpis(context, its.all);
    },
  };
}
