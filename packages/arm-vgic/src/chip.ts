// One Arm VM put together: state and the parts that work on it. Others add their room here: a field in layout.ts, a part in ArmChip, words in vocabulary/.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { createArch } from './arch.ts';
import type { Context } from './context.ts';
import { hostOf } from './host/arm-host.ts';
import { profileOf } from './kernel.ts';
import type { ArmState } from './layout.ts';
import type { VgicLists } from './lists/world.ts';
import { type ArmOptions, armOptions, BASE } from './options.ts';
import { createRunLoop, type RunLoop } from './run/run-loop.ts';
import { createBypassHooks } from './v4/bypass.ts';
import { vgicV4DoorbellHandler } from './v4/residency.ts';
import { createV4, type V4 } from './v4/v4.ts';
import { createLifecycle, type Lifecycle } from './vgic/init.ts';
import { createInputs, type Inputs } from './vgic/inject.ts';
import { createIrqTable, type IrqTable } from './vgic/irqs.ts';
import { setUpLpis } from './vgic/its-set-up.ts';
import { createItsParts, type ItsParts } from './vgic/itss.ts';
import { bindLists } from './vgic/lists.ts';

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
  readonly run: RunLoop;
  readonly v4: V4;
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

/** Creates the chip over zeroed state; the GIC that the options name is there at once, initialised if they say so. */
export function createArmChip(vm: VmContext, state: ArmState): ArmChip {
  const context = contextOf(vm, state);
  const { options } = context;
  const its: ItsParts = createItsParts(
    context,
    (lpi) => inputs.queue(irqs.ofLpi(lpi)),
    () => {
      if (state.dist.initialized === 1) v4.init();
    },
  );
  const irqs = createIrqTable(
    state.irqs,
    () => state.dist.nrSpis,
    () => its.lpis,
  );
  const lifecycle = createLifecycle(context, irqs, () => v4.init());
  const inputs: Inputs = createInputs(context, irqs, lifecycle.lazyInit);
  const lists = bindLists(context, { irqs, lpis: its.lpis, writeIcactiver: () => undefined });
  const run = createRunLoop(context);
  const v4: V4 = createV4(
    context,
    { its, irqs, run },
    (vcpu) => void context.processes().spawn(vgicV4DoorbellHandler as never, { vm: vm.vm, vcpu } as never),
  );
  return {
    context,
    state,
    options,
    irqs,
    lists,
    inputs,
    lifecycle,
    its,
    run,
    v4,
    arch: { ...createArch(context, { inputs, msi: its.msi }), ...createBypassHooks(v4) },
    installDefaults() {
      if (options.gic === 0) return;
      lifecycle.create(options.gic);
      for (let i = 0; i < options.its; i++) its.all[its.create()]?.setBase(BASE.GITS + i * 0x20000);
      state.dist.nrSpis = options.nrIrqs - 32;
      if (options.init) lifecycle.init();
      if (options.init && options.itsSetup && options.its > 0) setUpLpis(context, its.all);
    },
  };
}
