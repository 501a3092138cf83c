// A VM's interrupt controllers go to another VMM: tables into memory, memory, then registers through the device API. QEMU: hw/intc/arm_gicv3_kvm.c, arm_gic_kvm.c, arm_gicv3_its_kvm.c, migration/vmstate.h
// MIG_PRI_GICV3 before MIG_PRI_GICV3_ITS.

import { EINVAL } from '@virq/irq-core/errors';
import type { AttrPayload } from '@virq/irq-core/kvm';
import type { MemoryState } from '../memory/layout.ts';
import type { Ram } from '../memory/ram.ts';
import type { DeviceFd, KvmApi } from './api.ts';
import { CTRL, GRP } from './codes.ts';
import type { VgicDevice } from './device.ts';
import { ITS_STEPS, type Step, type VgicShape, v2Steps, v3Steps } from './steps.ts';

/** What the VMM does. */
export interface MoveOptions {
  /** GICD_IIDR of a GICv2 is written first, as KVM asks; QEMU does not, and the groups stay behind. */
  readonly iidr: boolean;
}

/** The first errno of what `each` returns, or 0. */
function firstError<T>(items: Iterable<T>, each: (item: T) => number): number {
  for (const item of items) {
    const ret = each(item);
    if (ret < 0) return ret;
  }
  return 0;
}

const model = ({ device }: KvmApi): number => device.context.state.dist.model;

function shapeOf({ context: { state }, vcpus }: VgicDevice): VgicShape {
  const indices = Array.from({ length: vcpus.count }, (_, vcpu) => vcpu);
  const { dist, redists } = state;
  return {
    nrIrqs: dist.nrSpis + 32,
    vcpus: indices.map((vcpu) => (dist.model === 2 ? redists.at(vcpu).id : redists.at(vcpu).mpidr)),
    priBits: indices.map((vcpu) => state.run.at(vcpu).priBits),
  };
}

function stepsOf(from: KvmApi, { iidr }: MoveOptions): Step[] {
  const shape = shapeOf(from.device);
  return model(from) === 2 ? v2Steps(shape, iidr) : v3Steps(shape, from.device.its.all.length > 0);
}

/** Does a step: what the first VM has goes to the other one. */
function move(from: KvmApi, to: KvmApi, fd: DeviceFd, step: Step): number {
  const { group, attr, value } = step;
  const payload: AttrPayload = {};
  if (value !== undefined) payload['value'] = value;
  const got = value === undefined ? from.getAttr(fd, { group, attr }, payload) : 0;
  return got < 0 ? got : to.setAttr(fd, { group, attr }, payload);
}

/** The other VM gets the memory of this one: what it had itself is gone. */
export function copyMemory(from: MemoryState, to: { readonly memory: MemoryState; readonly ram: Ram }): void {
  const { frames } = to.memory;
  const each = (memory: MemoryState, visit: (address: number, value: number) => void): void => {
    for (let i = 0; i < memory.frames.length; i++) {
      const { key, words } = memory.frames.at(i);
      for (let n = 0; key !== 0 && n < words.length; n++) visit((key - 1) * 4096 + 4 * n, words.get(n));
    }
  };
  for (let i = 0; i < frames.length; i++) {
    const { words } = frames.at(i);
    for (let n = 0; n < words.length; n++) words.set(n, 0);
  }
  each(from, (address, value) => {
    if (value !== 0) to.ram.store(address, value);
  });
}

/** A VM stops: pending LPIs and the tables of ITSs go into its memory. 0 or KVM's errno. */
export function saveTables(api: KvmApi): number {
  if (model(api) === 2) return 0;
  const ctrl = (fd: DeviceFd, attr: number): number => api.setAttr(fd, { group: GRP.CTRL, attr }, {});
  if (api.device.its.all.length === 0) return 0;
  return ctrl('vgic', CTRL.SAVE_PENDING) || firstError(api.device.its.all.keys(), (n) => ctrl(n, CTRL.ITS_SAVE_TABLES));
}

/** Every step with nothing in it. */
const clear = (api: KvmApi): number =>
  firstError(stepsOf(api, { iidr: false }), ({ group, attr, value = 0n, isIdentity }) =>
    isIdentity === true ? 0 : api.setAttr('vgic', { group, attr }, { value }),
  );

/** Machine reset: ITSs first, then every register of the VGIC is written with zero. 0 or KVM's errno. */
export function resetVgic(api: KvmApi): number {
  const its = firstError(api.device.its.all.keys(), (n) =>
    api.setAttr(n, { group: GRP.CTRL, attr: CTRL.ITS_RESET }, {}),
  );
  return its < 0 ? its : clear(api);
}

/**
 * Moves the state of a VM that has stopped, and saved its tables, to one that has not run: memory, VGIC, ITSs. 0, -EINVAL when the two are not of the same
 * make, or KVM's errno.
 */
export function restoreFrom(from: KvmApi, to: KvmApi, options: MoveOptions): number {
  const [source, target] = [from.device, to.device];
  const isSame =
    model(from) === model(to) &&
    source.vcpus.count === target.vcpus.count &&
    source.its.all.length === target.its.all.length &&
    source.context.state.dist.nrSpis === target.context.state.dist.nrSpis;
  if (!isSame || model(from) === 0) return -EINVAL;
  const reset = resetVgic(to);
  if (reset < 0) return reset;
  copyMemory(source.context.state.memory, { memory: target.context.state.memory, ram: target.its.ram });
  const vgic = firstError(stepsOf(from, options), (step) => move(from, to, 'vgic', step));
  if (vgic < 0) return vgic;
  return firstError(source.its.all.keys(), (n) => firstError(ITS_STEPS, (step) => move(from, to, n, step)));
}
