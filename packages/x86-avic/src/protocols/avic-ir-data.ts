// The node that tracks a posted interrupt is allocated while a routing update holds irqfds.lock. Linux 4.9 to 6.16: arch/x86/kvm/svm/avic.c svm_ir_list_add.

import { handle, pool, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const IrData = struct('irData', { used: u1 });
const IrDatas = pool(IrData, 1);
/** irqfds.lock and ir_list_lock are spinlocks. `listed` is the node on the vCPU's list, `posted` the IRTE's mode. */
const Kvm = struct('kvm', { irqfdsLock: lock, irListLock: lock, listed: handle, posted: u1 });

/** One IRTE and the node that tracks it. */
export interface IrDataAllocation {
  readonly nodes: ViewOf<typeof IrDatas>;
  readonly kvm: ViewOf<typeof Kvm>;
}

const { protocol } = protocolsOn<IrDataAllocation>();
const { always, sometimes } = propertiesOn<IrDataAllocation>();

/** kvm_irq_routing_update → svm_ir_list_add: the node comes from atomic memory (7537deda3652), which may be used up; then the IRTE stays in host mode. */
export const trackIrte = protocol('svm_ir_list_add', { node: handle, fails: u8 }, (p) => ({
  ...p.spinlocked('irqfds', (m) => m.kvm.irqfdsLock, {
    allocate: p.choose(2, (_m, f, _self, choice) => {
      f.fails = choice;
    }),
    take(m, f) {
      if (f.fails === 1) return 'unlock irqfds';
      f.node = m.nodes.alloc();
      return undefined;
    },
    ...p.spinlocked('ir_list', (m) => m.kvm.irListLock, {
      post(m) {
        m.kvm.posted = 1;
      },
      add(m, f) {
        m.nodes.at(f.node).used = 1;
        m.kvm.listed = f.node;
      },
    }),
  }),
}));

/** The vCPU is loaded: it walks its list. */
export const walkList = protocol('avic_vcpu_load', { left: u8 }, (p) => ({
  ...p.spinlocked('ir_list', (m) => m.kvm.irListLock, {
    walk(m) {
      if (m.kvm.listed !== 0) m.nodes.at(m.kvm.listed);
    },
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock ir_list';
  },
}));

/** A posted interrupt begins to be tracked while its vCPU is loaded. */
export const avicIrData = defineFamily({
  name: 'avic-ir-data',
  summary: 'AVIC: the node that tracks a posted interrupt is allocated under a spinlock, and the allocation may fail',
  scope: { loads: { says: 'times the vCPU is loaded', default: 1, min: 1, max: 3 } },
  build: ({ loads }) =>
    defineModel({
      name: 'avic-ir-data',
      layout: { nodes: IrDatas, kvm: Kvm },
      processes: 2,
      protocols: [trackIrte, walkList],
      machine: (root): IrDataAllocation => root,
      start(_m, spawn) {
        spawn(trackIrte);
        spawn(walkList, { left: loads });
      },
      properties: [
        always(
          'an IRTE that posts is tracked',
          ({ kvm }) => kvm.posted === 0 || kvm.irListLock.holder !== 0 || kvm.listed !== 0,
          { consequence: 'the vCPU moves to another pCPU and its doorbells go to the old one' },
        ),
        sometimes('the IRTE posts', ({ kvm }) => kvm.posted === 1),
      ],
    }),
});
