// The other design of the 2016 review: the list node is embedded in the IRTE's own data, so an IRTE can be on one list only, and a second list_add tears the first list apart.

import { array, struct, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, BLOCKED, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const [MOST_VCPUS, MOST_IRTES] = [3, 2];
/** No vCPU. */
const NONE = 3;

/** A struct list_head. Nodes 0 to vcpus - 1 are the heads of the ir_lists, the IRTEs' nodes follow. */
const Node = struct('node', { next: u8, prev: u8 });
const List = struct('list', { irListLock: lock });
const Irte = struct('irte', { on: u8 });

/** Heads and nodes of the ir_lists. */
export interface AvicNodes {
  readonly irqfdsLock: ViewOf<typeof lock>;
  readonly lists: ViewOf<ReturnType<typeof array<typeof List>>>;
  readonly irtes: ViewOf<ReturnType<typeof array<typeof Irte>>>;
  readonly nodes: ViewOf<ReturnType<typeof array<typeof Node>>>;
}

const { protocol } = protocolsOn<AvicNodes>();
const { always, sometimes } = propertiesOn<AvicNodes>();

const nodeOf = (m: AvicNodes, irte: number): number => m.lists.length + irte;

/** list_add. */
function listAdd(m: AvicNodes, node: number, head: number): void {
  const { next } = m.nodes.at(head);
  m.nodes.at(next).prev = node;
  m.nodes.at(node).next = next;
  m.nodes.at(node).prev = head;
  m.nodes.at(head).next = node;
}

/** list_del_init. */
function listDel(m: AvicNodes, node: number): void {
  const { next, prev } = m.nodes.at(node);
  m.nodes.at(prev).next = next;
  m.nodes.at(next).prev = prev;
  m.nodes.at(node).next = node;
  m.nodes.at(node).prev = node;
}

/** avic_update_iommu_vcpu_affinity: walks the list of a vCPU that is loaded or put. */
export const walkIrList = protocol('avic_update_iommu_vcpu_affinity', { vcpu: u8, at: u8 }, (p) => ({
  ...p.locked('ir_list', (m, f) => m.lists.at(f.vcpu).irListLock, {
    first(m, f) {
      f.at = m.nodes.at(f.vcpu).next;
    },
    visit(m, f) {
      if (f.at === f.vcpu) return 'unlock ir_list';
      assert(f.at >= m.lists.length, 'the walk takes the head of another list for an IRTE');
      f.at = m.nodes.at(f.at).next;
      return 'visit';
    },
  }),
  again(_m, f) {
    f.at = 0;
    return 'lock ir_list';
  },
}));

/** avic_pi_update_irte with embedded nodes: the node leaves the list it is on before it joins another. */
export const moveNode = protocol('avic_pi_update_irte (embedded node)', { irte: u8, to: u8 }, (p) => ({
  chooseTarget: p.choose(MOST_VCPUS, (m, f, _self, choice) => {
    if (choice >= m.lists.length) return BLOCKED;
    f.to = choice;
    return undefined;
  }),
  ...p.locked('irqfds', (m) => m.irqfdsLock, {
    isThere(m, f) {
      const { on } = m.irtes.at(f.irte);
      if (on === f.to) return 'unlock irqfds';
      return on === NONE ? 'lock ir_list' : undefined;
    },
    ...p.locked('ir_list (previous)', (m, f) => m.lists.at(m.irtes.at(f.irte).on).irListLock, {
      leave: (m, f) => listDel(m, nodeOf(m, f.irte)),
    }),
    ...p.locked('ir_list', (m, f) => m.lists.at(f.to).irListLock, {
      join: (m, f) => listAdd(m, nodeOf(m, f.irte), f.to),
    }),
    remember(m, f) {
      m.irtes.at(f.irte).on = f.to;
    },
  }),
  again(_m, f) {
    f.to = NONE;
    return 'chooseTarget';
  },
}));

/** From the head of a list, forwards, back to the head. */
function leadsBack(m: AvicNodes, head: number): boolean {
  if (m.lists.at(head).irListLock.holder !== 0) return true;
  let at = m.nodes.at(head).next;
  for (let i = 0; i < m.irtes.length && at !== head; i++) {
    if (at < m.lists.length) return false;
    at = m.nodes.at(at).next;
  }
  return at === head;
}

/** Embedded list nodes that move between the lists of vCPUs. */
export const avicEmbeddedNode = defineFamily({
  name: 'avic-embedded-node',
  summary: 'AVIC: list nodes embedded in the IRTE move between the ir_lists of vCPUs',
  scope: {
    vcpus: { says: 'vCPUs, each walking its list for ever', default: 2, min: 2, max: MOST_VCPUS },
    irtes: { says: 'IRTEs, each moved for ever', default: 1, min: 1, max: MOST_IRTES },
  },
  build: ({ vcpus, irtes }) =>
    defineModel({
      name: 'avic-embedded-node',
      layout: {
        irqfdsLock: lock,
        lists: array(List, vcpus),
        irtes: array(Irte, irtes),
        nodes: array(Node, vcpus + irtes),
      },
      processes: vcpus + irtes,
      protocols: [walkIrList, moveNode],
      machine: (root): AvicNodes => root,
      start(m, spawn) {
        for (let i = 0; i < m.nodes.length; i++) Object.assign(m.nodes.at(i), { next: i, prev: i });
        for (let vcpu = 0; vcpu < vcpus; vcpu++) spawn(walkIrList, { vcpu });
        for (let irte = 0; irte < irtes; irte++) {
          m.irtes.at(irte).on = NONE;
          spawn(moveNode, { irte, to: NONE });
        }
      },
      properties: [
        always('every ir_list leads back to its own head', leadsBack, {
          over: vcpus,
          consequence: 'the next vCPU that is scheduled walks out of its list and writes over memory that is no IRTE',
        }),
        sometimes('an IRTE is on a list', (m) => m.nodes.at(0).next !== 0),
      ],
    }),
});
