// A small POWER machine in XICS mode for the checker: vCPUs on threads, and sources of user space that interrupt them.

import type { Machine, MachineOptions } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { PowerHost } from '../host/power-host.ts';
import { TM, TM_PAGE } from '../hw/tima.ts';
import ppcXive from '../index.ts';
import type { XicsDevice } from '../xics/device.ts';
import { sourceWord, wholeOf } from '../xics/words.ts';

/** A machine as these models see it. */
export interface XicsMachine extends Machine {
  readonly parts: { readonly power: PowerHost };
}

/** The source that interrupts, and its priority. */
export const IRQ = 16;
export const PRIORITY = 5;
/** CPPR of a guest that takes everything, as H_EOI gives it. */
export const OPEN = 0xff;

/** Options with room for what the models do and no more. */
export const xicsMachine = ({ vcpus, processes }: { vcpus: number; processes: number }): MachineOptions => ({
  vms: [
    {
      name: 'guest',
      backend: ppcXive as never,
      options: { dev: 'xics', cpus: vcpus, sources: 1, max_vcpus: vcpus, passthru: 1 },
      limits: { vcpus, gsis: 1, routes: 1, irqfds: 1 },
    },
  ],
  host: { threads: vcpus, ipis: vcpus + 1, vps: 4, frames: vcpus },
  limits: { eventfds: 1, processes, irqs: 1, bypass: 1 },
});

const chipOf = (m: Machine): PowerChip => m.vms[0]?.chip as PowerChip;

/** The VM's device. */
export const deviceOf = (m: Machine): XicsDevice => chipOf(m).xics;
export const vcpuOf = (m: Machine, vcpu: number) => deviceOf(m).vcpus.at(vcpu);
export const sourceOf = (m: Machine) => deviceOf(m).source(IRQ);
/** PQ of the source. */
export const pqOf = (m: Machine): number => chipOf(m).sources.hw(sourceOf(m)).pq;
/** The exception line of a vCPU's thread. */
export const lineOf = (m: Machine, vcpu: number): number => chipOf(m).host.xive.state.threads.at(vcpu).osLine;

/** vCPU n is on thread n with an open CPPR; the source goes to the first. */
export function startXics(m: Machine): void {
  const { host, state } = chipOf(m);
  const { tima } = host.xive;
  for (let vcpu = 0; vcpu < state.kvm.vcpus.length; vcpu++) {
    const v = state.kvm.vcpus.at(vcpu);
    Object.assign(v, { pushed: 1, thread: vcpu + 1, cppr: OPEN });
    tima.store(vcpu, TM_PAGE.HV, { offset: TM.PUSH_OS_CTX, size: 4 }, { hi: 0, lo: v.cam });
    deviceOf(m).writeCppr(vcpu);
  }
  deviceOf(m).attributes.restore.source(IRQ, wholeOf(sourceWord.pack({ destination: 0, priority: PRIORITY })));
}

/**
 * The device asks for service: `asserted`, which a message source has no use for, says so until the guest's handler has looked at the device.
 */
export function ask(m: Machine): void {
  sourceOf(m).asserted = 1;
  chipOf(m).sources.triggerIpi(sourceOf(m));
}
export const serve = (m: Machine): void => {
  sourceOf(m).asserted = 0;
};
export const isServed = (m: Machine): boolean => sourceOf(m).asserted === 0;
