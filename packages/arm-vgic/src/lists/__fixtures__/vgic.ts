// A VGIC without distributor and ITS around its lists: vCPUs, SPIs, LRs, and a log of what the paths ask for.

import { array, struct, u16, type ViewOf } from '@virq/irq-core/arena';
import { defineModel, type Protocol } from '@virq/irq-core/protocol';
import { CONFIG, INTID, type Irq, irqsLayout } from '../../irq/layout.ts';
import { LR_FORMS } from '../../lr/forms.ts';
import { CpuInterface } from '../../lr/layout.ts';
import { vgicDeactivate } from '../deactivate.ts';
import { vgicFlushLrState } from '../flush.ts';
import { vgicFoldLrState } from '../fold.ts';
import { vgicPruneApList } from '../prune.ts';
import { vgicInjectIrq, vgicQueueIrqUnlock } from '../queue.ts';
import type { VgicLists } from '../world.ts';

const [VCPUS, SPIS] = [4, 64];
const LAYOUT = {
  irqs: irqsLayout({ vcpus: VCPUS, spis: SPIS, lpis: 4 }),
  interfaces: array(CpuInterface, VCPUS),
  counters: struct('counters', { activeSpis: u16 }),
} as const;
const PROTOCOLS = [
  vgicInjectIrq,
  vgicQueueIrqUnlock,
  vgicPruneApList,
  vgicFlushLrState,
  vgicFoldLrState,
  vgicDeactivate,
] as const;

/** Which kernel, which GICs, and how many LRs. */
export interface VgicOptions {
  readonly kernel?: keyof typeof LR_FORMS;
  readonly v2?: boolean;
  readonly host?: 2 | 3;
  readonly nrLr?: number;
}

/** The state of {@link smallVgic}. */
type State = { readonly irqs: ViewOf<(typeof LAYOUT)['irqs']> };

const handleOf = (vcpu: number, intid: number): number =>
  intid < INTID.SPI ? vcpu * INTID.SPI + intid : VCPUS * INTID.SPI + intid - INTID.SPI;

function irqsOf({ irqs }: State) {
  const privates = VCPUS * INTID.SPI;
  return {
    at: (handle: number): Irq => (handle < privates ? irqs.private.at(handle) : irqs.spis.at(handle - privates)),
  };
}

/** SGIs enabled, SPIs disabled and edge, all of priority A0 and group 1, SPIs for vCPU 0. */
function reset(w: VgicLists): void {
  for (let h = 0; h < VCPUS * INTID.SPI + SPIS; h++) {
    const i = w.irqs.at(h);
    const isPrivate = h < VCPUS * INTID.SPI;
    i.intid = isPrivate ? h % INTID.SPI : h - (VCPUS - 1) * INTID.SPI;
    i.priority = 0xa0;
    i.group = 1;
    i.target = isPrivate ? 1 + Math.floor(h / INTID.SPI) : 1;
    i.enabled = isPrivate && i.intid < INTID.PPI ? 1 : 0;
    i.config = isPrivate && i.intid >= INTID.PPI ? CONFIG.LEVEL : CONFIG.EDGE;
  }
  for (let v = 0; v < VCPUS; v++) {
    const { vmcr } = w.interfaces.at(v);
    Object.assign(vmcr, { enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
  }
}

/** A fresh VGIC whose paths run straight. `log` has acks, kicks and physical deactivations in order. */
export function smallVgic({ kernel = '7.3', v2 = false, host = v2 ? 2 : 3, nrLr = 4 }: VgicOptions = {}) {
  const log: string[] = [];
  const lines = new Set<number>();
  const model = defineModel({
    name: 'small-vgic',
    layout: LAYOUT,
    processes: 4,
    protocols: PROTOCOLS,
    machine(root) {
      const lists: VgicLists = {
        ...{ form: LR_FORMS[kernel], host, v2, nrLr, spis: SPIS, hasTdir: true, irqs: irqsOf(root) },
        apLists: root.irqs.apLists,
        interfaces: root.interfaces,
        counters: root.counters,
        physical: {
          line: (pintid) => (lines.has(pintid) ? 1 : 0),
          clearActive: (pintid) => void log.push(`clear active ${pintid}`),
          deactivate: (pintid) => void log.push(`deactivate ${pintid}`),
          setActive: (pintid, on) => void log.push(`active ${pintid} ${on}`),
          isPending: (pintid) => lines.has(pintid),
          setPending: (pintid, on) => void log.push(`pending ${pintid} ${on}`),
          setEnabled: (pintid, on) => void log.push(`enabled ${pintid} ${on}`),
          configureSgi: (pintid, priority, group) => void log.push(`configure ${pintid} ${priority} ${group}`),
        },
        isDistributorEnabled: () => true,
        maskOf: () => 0xff,
        hasVlpi: () => false,
        idOf: (vcpu) => vcpu,
        find: handleOf,
        getRef: () => undefined,
        putRef: () => undefined,
        kick: (vcpu) => void log.push(`kick ${vcpu}`),
        kickAll: () => void log.push('kick all'),
        requestPrune: (vcpu) => void log.push(`prune ${vcpu}`),
        writeIcactiver: (_vcpu, intid) => void log.push(`ICACTIVER ${intid}`),
        notifyAcked: (pin) => void log.push(`ack ${pin}`),
      };
      return { vms: [{ chip: { lists } }] };
    },
    start: (m) => reset(m.vms[0]?.chip.lists as VgicLists),
    properties: [],
  });
  const system = model.create();
  const { processes } = system;
  const w = (system.machine as { vms: { chip: { lists: VgicLists } }[] }).vms[0]?.chip.lists as VgicLists;
  const call = (p: Protocol<never, never>, args: object) => processes.call(p, args as never);
  return {
    w,
    log,
    lines,
    cpu: (vcpu = 0) => w.interfaces.at(vcpu),
    irq: (intid: number, vcpu = 0): Irq => w.irqs.at(handleOf(vcpu, intid)),
    inject: (intid: number, level = 1, vcpu = 0) => call(vgicInjectIrq as never, { irq: handleOf(vcpu, intid), level }),
    queue: (intid: number, vcpu = 0) => call(vgicQueueIrqUnlock as never, { irq: handleOf(vcpu, intid) }),
    flush: (vcpu = 0) => call(vgicFlushLrState as never, { vcpu }),
    /** A DIR that was trapped. */
    dir: (value: number, vcpu = 0) => call(vgicDeactivate as never, { vcpu, value }),
    /** kvm_vgic_sync_hwstate. */
    sync(vcpu = 0) {
      call(vgicFoldLrState as never, { vcpu });
      call(vgicPruneApList as never, { vcpu });
    },
    /** INTIDs on the list of a vCPU, in order. */
    listed(vcpu = 0): number[] {
      const out: number[] = [];
      for (let at = w.apLists.at(vcpu).first; at !== 0; at = w.irqs.at(at - 1).next) out.push(w.irqs.at(at - 1).intid);
      return out;
    },
  };
}
