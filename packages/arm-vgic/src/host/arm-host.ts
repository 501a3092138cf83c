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
import type { VSgi } from './gic-layout.ts';
import { createGicv4, type Gicv4, VSGI_IRQ } from './gicv4.ts';
import { hostInspect } from './host-inspect.ts';
import { type ArmHostSizes, type ArmHostState, armHostLayout, type PhysIrq } from './layout.ts';
import { VECTORS } from './physical-its.ts';
import { createTies, type Ties } from './ties.ts';

/** Versions of the physical GIC by the names of the host's option. */
const VERSIONS = { v3: 3, v4: 4, 'v4.1': 4.1 } as const;

const gicOf = (options: HostOptions): keyof typeof VERSIONS =>
  (options['gic'] as keyof typeof VERSIONS | undefined) ?? 'v3';

/** The host as VMs see it. Host irqs are numbers below its size. */
export interface ArmHost extends Physical {
  readonly state: ArmHostState;
  /** Input lines, and the VMs that hear of them. */
  readonly ties: Ties;
  /** The VMs above it by index, as one VMM hands its VM to another. */
  readonly peers: unknown[];
  /** What injects into guests by itself; null for a GICv3. */
  readonly gicv4: Gicv4 | null;
  at(hostIrq: number): PhysIrq;
  /** Level of the input line, 0 or 1. */
  line(hostIrq: number): number;
  /** IRQCHIP_STATE_ACTIVE := 0. */
  clearActive(hostIrq: number): void;
  /** A guest's EOI or DIR of a list register with the HW bit. */
  deactivate(hostIrq: number): void;
}

/** Creates the host over zeroed state. */
export function createArmHost(context: HostContext, state: ArmHostState): ArmHost {
  const { irqs } = state;
  const ties = createTies(irqs, state.ties);
  const version = VERSIONS[gicOf(context.options)];
  const gicv4 = version === 3 ? null : createGicv4(context, state.gic, version);
  const stateOf = (hostIrq: number): Pick<PhysIrq, 'pending'> =>
    gicv4 !== null && hostIrq >= VSGI_IRQ ? gicv4.sgiOf(hostIrq) : irqs.at(hostIrq);
  function change(hostIrq: number, what: Partial<VSgi>): void {
    if (gicv4 !== null && hostIrq >= VSGI_IRQ) gicv4.setSgi(hostIrq, what);
    else Object.assign(irqs.at(hostIrq), what);
  }
  const deactivate = (hostIrq: number): void => {
    irqs.at(hostIrq).active = 0;
    ties.settle(hostIrq);
  };
  return {
    state,
    ties,
    gicv4,
    peers: [],
    at: (hostIrq) => irqs.at(hostIrq),
    line: (hostIrq) => irqs.at(hostIrq).line,
    clearActive: deactivate,
    deactivate,
    setActive(hostIrq, on) {
      if (on === 0) deactivate(hostIrq);
      else irqs.at(hostIrq).active = 1;
    },
    isPending: (hostIrq) => stateOf(hostIrq).pending === 1,
    setPending: (hostIrq, pending) => change(hostIrq, { pending }),
    setEnabled: (hostIrq, enabled) => change(hostIrq, { enabled }),
    configureSgi: (hostIrq, priority, group) => change(hostIrq, { priority, group }),
  };
}

function sizesOf({ vms, vcpus, devices }: HostSizes, options: HostOptions): ArmHostSizes {
  const is4 = VERSIONS[gicOf(options)] !== 3;
  return {
    irqs: (options['mapped_irqs'] as number | undefined) ?? 64,
    gic: is4 ? { vpes: vms * vcpus, devices, msis: devices * VECTORS } : { vpes: 1, devices: 1, msis: 1 },
  };
}

/** The host part of the Arm backend. */
export const armHostPart: HostPart<ReturnType<typeof armHostLayout>['fields'], ArmHost> = defineHostPart({
  name: 'arm',
  summary: "the host's GIC below Arm VMs: interrupts that are tied to those of guests",
  options: {
    gic: {
      type: 'enum',
      values: ['v3', 'v4', 'v4.1'],
      default: 'v3',
      doc: "the host's GIC: from v4 on it injects devices' MSIs into guests by itself, with v4.1 SGIs too",
    },
    mapped_irqs: int('host interrupts that can be tied to one of a guest', { min: 1, max: 1020, optional: true }),
  },
  layout: (sizes, options) => armHostLayout(sizesOf(sizes, options)),
  attach(context, state) {
    const host = createArmHost(context, state);
    if (host.gicv4 !== null) context.bindRemapper(host.gicv4.its);
    return host;
  },
  protocols: [],
  properties: [],
  operations: {},
  events: armEvents,
  inspect: hostInspect,
});

/** The host of a VM's context. */
export function hostOf(host: unknown): ArmHost {
  if (host === null) throw new ModelError('an Arm VM without its host part');
  return host as ArmHost;
}
