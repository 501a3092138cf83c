// Two vCPUs, an edge SPI that two devices' writes raise at the same time, and a guest that moves it from one vCPU to the other.

import { array, struct, u1, u8, u16 } from '@virq/irq-core/arena';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  defineModel,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { acknowledge, endOfInterrupt } from '../../cpuif/acknowledge.ts';
import { ApList, Irq } from '../../irq/layout.ts';
import { LR_STATE } from '../../lr/format.ts';
import { LR_FORMS } from '../../lr/forms.ts';
import { CpuInterface } from '../../lr/layout.ts';
import { vgicFlushLrState } from '../flush.ts';
import { vgicFoldLrState } from '../fold.ts';
import { vgicPruneApList } from '../prune.ts';
import { vgicInjectIrq } from '../queue.ts';
import type { VgicLists } from '../world.ts';

const VCPUS = 2;
const LAYOUT = {
  irqs: array(Irq, 1),
  apLists: array(ApList, VCPUS),
  interfaces: array(CpuInterface, VCPUS),
  requested: array(u1, VCPUS),
  taken: array(u8, VCPUS),
  counters: struct('counters', { activeSpis: u16 }),
} as const;

/** What the model's steps see: the VGIC, who is asked to exit, and how often each vCPU has taken the SPI. */
interface Machine {
  readonly vms: readonly { readonly chip: { readonly lists: VgicLists } }[];
  readonly lists: VgicLists;
  readonly requested: { get(v: number): number; set(v: number, value: number): void };
  readonly taken: { get(v: number): number; set(v: number, value: number): void };
}

const { protocol } = protocolsOn<Machine>();
const { always, quiescent, sometimes } = propertiesOn<Machine>();

const COUNTS = {
  filled: u8,
  floor: u16,
  pending: u16,
  active: u16,
  sgis: u8,
  weight: u16,
  many: u1,
  stop: u1,
} as const;
const WALK = { lr: u8, walking: u1, deactivated: u1, eois: u8, next: u16, to: u16, kick: u16 } as const;
const LOCALS = { vm: u8, vcpu: u16, irq: u16, ...COUNTS, ...WALK } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** The guest takes what there is, and ends it. */
function handle(m: Machine, f: Frame): void {
  const c = m.lists.interfaces.at(f.vcpu);
  const n = acknowledge(c, 1);
  if (n < 0) return;
  m.taken.set(f.vcpu, m.taken.get(f.vcpu) + 1);
  endOfInterrupt(c, { group: 1, intid: c.lrs.at(n).intid }, () => undefined);
}

/** The run loop of a vCPU, asleep while nobody asks for it. */
export const runVcpu = protocol('kvm_arch_vcpu_ioctl_run', LOCALS, (p: Combinators<Machine, Frame>) => ({
  sleep: p.idle((m, f) => {
    if (m.requested.get(f.vcpu) === 0) return BLOCKED;
    m.requested.set(f.vcpu, 0);
    return undefined;
  }),
  ...p.include('flush', vgicFlushLrState as never),
  guest: handle,
  ...p.include('fold', vgicFoldLrState as never),
  ...p.include('prune', vgicPruneApList as never),
  again: () => 'sleep',
}));

/** GICD_IROUTER: only the target changes. Whoever had the interrupt exits at some time. */
const route = protocol('vgic_mmio_write_irouter', { to: u16 }, (p) => ({
  ...p.spinlocked('irq', (m) => m.lists.irqs.at(0).irqLock, {
    write(m, f) {
      m.lists.irqs.at(0).target = f.to;
    },
  }),
  exits: (m) => m.requested.set(0, 1),
}));

/** The lists and the interrupt say the same, as far as nobody is changing them. */
function agrees({ lists }: Machine, v: number): boolean {
  const { first, last, count } = lists.apLists.at(v);
  const isHere = lists.irqs.at(0).vcpu === v + 1 ? 1 : 0;
  return first === isHere && last === isHere && count === isHere;
}

function isQuiet({ lists }: Machine): boolean {
  const onLr = [0, 1].some((v) => lists.interfaces.at(v).lrs.at(0).state === LR_STATE.PENDING);
  return lists.irqs.at(0).pendingLatch === 0 && !onLr;
}

export const apListFamily = defineFamily({
  name: 'ap-list',
  summary: 'VGIC: an SPI is raised and moved while its vCPUs run',
  scope: { edges: { says: 'edges of the SPI', default: 2, min: 1, max: 3 } },
  build: ({ edges }) =>
    defineModel({
      name: 'ap-list',
      layout: LAYOUT,
      processes: 6,
      protocols: [vgicInjectIrq, runVcpu, route] as never,
      machine(root): Machine {
        const nothing = (): void => undefined;
        const lists: VgicLists = {
          ...{ form: LR_FORMS['7.3'], host: 3, v2: false, nrLr: 1, spis: 64, hasTdir: false },
          ...{ irqs: root.irqs, apLists: root.apLists, interfaces: root.interfaces, counters: root.counters },
          physical: {
            ...{ line: () => 0, isPending: () => false, clearActive: nothing, deactivate: nothing },
            ...{ setActive: nothing, setPending: nothing, setEnabled: nothing, configureSgi: nothing },
          },
          isDistributorEnabled: () => true,
          maskOf: () => 0xff,
          hasVlpi: () => false,
          idOf: (vcpu) => vcpu,
          find: () => 0,
          ...{ getRef: nothing, putRef: nothing, requestPrune: nothing, writeIcactiver: nothing, notifyAcked: nothing },
          kick: (vcpu) => root.requested.set(vcpu, 1),
          kickAll: () => root.requested.fill(1),
        };
        return { vms: [{ chip: { lists } }], lists, requested: root.requested, taken: root.taken };
      },
      start(m, spawn) {
        Object.assign(m.lists.irqs.at(0), { intid: 40, enabled: 1, group: 1, priority: 0xa0, target: 1 });
        for (let vcpu = 0; vcpu < VCPUS; vcpu++) {
          Object.assign(m.lists.interfaces.at(vcpu).vmcr, { enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
          spawn(runVcpu, { vcpu });
        }
        for (let n = 0; n < edges; n++) spawn(vgicInjectIrq as never, { level: 1 } as never);
        spawn(route, { to: 2 });
      },
      properties: [
        always('an interrupt is on the list of the vCPU that it names, once, and on no other', agrees, { over: VCPUS }),
        quiescent('no edge is left undelivered', isQuiet, { consequence: 'the device waits for ever' }),
        sometimes('the first vCPU takes it', (m) => m.taken.get(0) > 0),
        sometimes('the second vCPU takes it', (m) => m.taken.get(1) > 0),
        sometimes('two edges are taken as two', (m) => m.taken.get(0) + m.taken.get(1) > 1),
      ],
    }),
});
