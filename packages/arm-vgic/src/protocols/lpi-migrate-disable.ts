// An LPI changes from one vCPU's list to another's while a third CPU disables LPIs. Linux: arch/arm64/kvm/vgic/vgic.c vgic_prune_ap_list, vgic_flush_pending_lpis.

import { array, handle, pool, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const VCPUS = 2;
/** The vCPU that had the LPI, the one it is to go to, and none. */
const [OLD, NEW, NONE] = [0, 1, 2];

/** struct vgic_irq of an LPI: `vcpu` is the vCPU on whose ap_list it is, `target` the one that MOVI named. */
const Lpi = struct('lpi', { irqLock: lock, vcpu: u8, target: u8, refs: u8 });
/** One vCPU's ap_list; it can hold the one LPI of the model. */
const ApList = struct('apList', { apLock: lock, holds: u1 });
const Lpis = pool(Lpi, 1);

/** An LPI and the lists it can be on. `ite` is the ITS mapping, which holds a reference; 0 after DISCARD. */
export interface LpiLists {
  readonly lpis: ViewOf<typeof Lpis>;
  readonly apLists: ViewOf<ReturnType<typeof array<typeof ApList>>>;
  readonly its: { ite: number };
}

const { protocol } = protocolsOn<LpiLists>();
const { always, quiescent, sometimes } = propertiesOn<LpiLists>();

/** vgic_put_irq: the last reference frees. */
function put(m: LpiLists, lpi: number): void {
  const irq = m.lpis.at(lpi);
  irq.refs--;
  if (irq.refs === 0) m.lpis.free(lpi);
}

/** list_del with CONFIG_DEBUG_LIST. */
function listDel(m: LpiLists, vcpu: number): void {
  assert(m.apLists.at(vcpu).holds === 1, `list_del of an LPI that is not on the list of vCPU ${vcpu}`);
  m.apLists.at(vcpu).holds = 0;
}

const frame = { lpi: handle };

/**
 * vgic_prune_ap_list on the old vCPU's thread: finds that the LPI belongs elsewhere, drops its locks to take both ap_list_locks
 * in the order of vcpu_id, looks again, moves the LPI. A reference is held across the gap (CVE-2026-72288), and the second look
 * asks whether the LPI is still on this list (CVE-2026-72289).
 */
export const pruneApList = protocol('vgic_prune_ap_list', { ...frame, found: u8 }, (p) => ({
  ...p.locked('ap_list', (m) => m.apLists.at(OLD).apLock, {
    find(m, f) {
      f.found = m.apLists.at(OLD).holds;
      return f.found === 1 ? undefined : 'unlock ap_list';
    },
    ...p.locked('irq', (m, f) => m.lpis.at(f.lpi).irqLock, {
      hold: (m, f) => void m.lpis.at(f.lpi).refs++,
    }),
  }),
  hasFound: (_m, f) => (f.found === 1 ? undefined : 'finish'),
  ...p.locked('ap_list (lower id)', (m) => m.apLists.at(OLD).apLock, {
    ...p.locked('ap_list (higher id)', (m) => m.apLists.at(NEW).apLock, {
      ...p.locked('irq (again)', (m, f) => m.lpis.at(f.lpi).irqLock, {
        stillOurs: (m, f) => (m.lpis.at(f.lpi).vcpu === OLD ? undefined : 'unlock irq (again)'),
        move(m, f) {
          listDel(m, OLD);
          m.lpis.at(f.lpi).vcpu = NEW;
          m.apLists.at(NEW).holds = 1;
        },
      }),
    }),
  }),
  release: (m, f) => put(m, f.lpi),
  finish(_m, f) {
    f.lpi = 0;
  },
}));

/** vgic_flush_pending_lpis: a guest cleared GICR_CTLR.EnableLPIs of the old vCPU's redistributor. */
export const flushPendingLpis = protocol('vgic_flush_pending_lpis', frame, (p) => ({
  ...p.locked('ap_list', (m) => m.apLists.at(OLD).apLock, {
    find: (m) => (m.apLists.at(OLD).holds === 1 ? undefined : 'unlock ap_list'),
    ...p.locked('irq', (m, f) => m.lpis.at(f.lpi).irqLock, {
      remove(m, f) {
        listDel(m, OLD);
        m.lpis.at(f.lpi).vcpu = NONE;
      },
    }),
    put: (m, f) => put(m, f.lpi),
  }),
}));

/** DISCARD: vgic_its_free_ite drops the reference of the mapping. */
export const discard = protocol('vgic_its_free_ite', {}, () => ({
  free(m) {
    const { ite } = m.its;
    m.its.ite = 0;
    put(m, ite);
  },
}));

function refsAreCounted(m: LpiLists): boolean {
  const lpi = m.lpis.handleOf(0);
  if (lpi === 0) return true;
  return m.lpis.at(lpi).refs === (m.its.ite === 0 ? 0 : 1) + m.apLists.at(OLD).holds + m.apLists.at(NEW).holds;
}

/** One pending LPI that MOVI has given another target. */
export const lpiMigrateDisable = defineFamily({
  name: 'lpi-migrate-disable',
  summary: 'VGIC: an LPI migrates between vCPUs while LPIs are disabled and the mapping is discarded',
  scope: {},
  build: () =>
    defineModel({
      name: 'lpi-migrate-disable',
      layout: { lpis: Lpis, apLists: array(ApList, VCPUS), its: struct('its', { ite: handle }) },
      processes: 3,
      protocols: [pruneApList, flushPendingLpis, discard],
      machine: (root): LpiLists => root,
      start(m, spawn) {
        const lpi = m.lpis.alloc();
        Object.assign(m.lpis.at(lpi), { vcpu: OLD, target: NEW, refs: 2 });
        m.its.ite = lpi;
        m.apLists.at(OLD).holds = 1;
        spawn(pruneApList, { lpi });
        spawn(flushPendingLpis, { lpi });
        spawn(discard);
      },
      properties: [
        always('an LPI is on one list at most', (m) => m.apLists.at(OLD).holds + m.apLists.at(NEW).holds < 2),
        quiescent('references are those of the mapping and the list', refsAreCounted, {
          consequence: 'the LPI is never freed, or too early',
        }),
        sometimes('the LPI has migrated', (m) => m.apLists.at(NEW).holds === 1),
        sometimes('the LPI is gone', (m) => m.lpis.count() === 0),
      ],
    }),
});
