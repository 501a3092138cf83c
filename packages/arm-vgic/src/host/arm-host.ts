// The host below Arm VMs: its GIC as far as guests' interrupts are tied to it.

import {
  defineHostPart,
  type HostContext,
  type HostOptions,
  type HostPart,
  type HostSizes,
} from '@virq/irq-core/backend';
import { ModelError } from '@virq/irq-core/errors';
import { armEvents } from '../events.ts';
import type { Physical } from '../lists/world.ts';
import { int } from '../vocabulary/args.ts';
import { type ArmHostSizes, type ArmHostState, armHostLayout, type PhysIrq } from './layout.ts';
import { createTies, type Ties } from './ties.ts';

/** The host as VMs see it. Host irqs are numbers below its size. */
export interface ArmHost extends Physical {
  readonly state: ArmHostState;
  /** Input lines, and the VMs that hear of them. */
  readonly ties: Ties;
  /** The VMs above it by index, as one VMM hands its VM to another. */
  readonly peers: unknown[];
  at(hostIrq: number): PhysIrq;
  /** Level of the input line, 0 or 1. */
  line(hostIrq: number): number;
  /** IRQCHIP_STATE_ACTIVE := 0. */
  clearActive(hostIrq: number): void;
  /** A guest's EOI or DIR of a list register with the HW bit. */
  deactivate(hostIrq: number): void;
}

/** Creates the host over zeroed state. */
export function createArmHost(_context: HostContext, state: ArmHostState): ArmHost {
  const { irqs } = state;
  const ties = createTies(irqs, state.ties);
  const deactivate = (hostIrq: number): void => {
    irqs.at(hostIrq).active = 0;
    ties.settle(hostIrq);
  };
  return {
    state,
    ties,
    peers: [],
    at: (hostIrq) => irqs.at(hostIrq),
    line: (hostIrq) => irqs.at(hostIrq).line,
    clearActive: deactivate,
    deactivate,
    setActive(hostIrq, on) {
      if (on === 0) deactivate(hostIrq);
      else irqs.at(hostIrq).active = 1;
    },
    isPending: (hostIrq) => irqs.at(hostIrq).pending === 1,
    setPending(hostIrq, on) {
      irqs.at(hostIrq).pending = on;
    },
    setEnabled(hostIrq, on) {
      irqs.at(hostIrq).enabled = on;
    },
    configureSgi(hostIrq, priority, group) {
      Object.assign(irqs.at(hostIrq), { priority, group });
    },
  };
}

const sizesOf = (_sizes: HostSizes, options: HostOptions): ArmHostSizes => ({
  irqs: (options['mapped_irqs'] as number | undefined) ?? 64,
});

/** The host part of the Arm backend. */
export const armHostPart: HostPart<ReturnType<typeof armHostLayout>['fields'], ArmHost> = defineHostPart({
  name: 'arm',
  summary: "the host's GIC below Arm VMs: interrupts that are tied to those of guests",
  options: {
    mapped_irqs: int('host interrupts that can be tied to one of a guest', { min: 1, max: 1020, optional: true }),
  },
  layout: (sizes, options) => armHostLayout(sizesOf(sizes, options)),
  attach: createArmHost,
  protocols: [],
  properties: [],
  operations: {},
  events: armEvents,
  inspect: () => [],
});

/** The host of a VM's context. */
export function hostOf(host: unknown): ArmHost {
  if (host === null) throw new ModelError('an Arm VM without its host part');
  return host as ArmHost;
}
