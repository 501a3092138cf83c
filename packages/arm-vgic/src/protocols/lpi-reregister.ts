// The last reference to an LPI is dropped while its INTID is mapped anew. Linux: arch/arm64/kvm/vgic/vgic.c vgic_put_irq, vgic-its.c vgic_add_lpi.

import { handle, pool, struct, u8, type ViewOf } from '@virq/irq-core/arena';
import { defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const Lpi = struct('lpi', { refs: u8 });
const Lpis = pool(Lpi, 2);
/** vgic_dist.lpi_xa with the one INTID of the model, and the ITE that a MAPTI makes. */
const Dist = struct('dist', { lpiXa: lock, entry: handle, ite: handle });

/** LPIs and the table that finds them by INTID. */
export interface LpiTable {
  readonly lpis: ViewOf<typeof Lpis>;
  readonly dist: ViewOf<typeof Dist>;
}

const { protocol } = protocolsOn<LpiTable>();
const { always, quiescent, sometimes } = propertiesOn<LpiTable>();

/** vgic_put_irq of an LPI that the guest has discarded and a list still held: count and table change under one lock (CVE-2026-74568). */
export const putLpi = protocol('vgic_put_irq', { lpi: handle }, (p) => ({
  ...p.locked('lpi_xa', (m) => m.dist.lpiXa, {
    dropReference: (m, f) => void m.lpis.at(f.lpi).refs--,
    isLast: (m, f) => (m.lpis.at(f.lpi).refs === 0 ? undefined : 'unlock lpi_xa'),
    erase(m) {
      m.dist.entry = 0;
    },
    free: (m, f) => m.lpis.free(f.lpi),
  }),
}));

/** vgic_add_lpi for MAPTI: the INTID's LPI if it can still be had, else a new one. */
export const addLpi = protocol('vgic_add_lpi', { lpi: handle }, (p) => ({
  allocate(m, f) {
    f.lpi = m.lpis.alloc();
    m.lpis.at(f.lpi).refs = 1;
  },
  ...p.locked('lpi_xa', (m) => m.dist.lpiXa, {
    look(m) {
      const { entry } = m.dist;
      return entry !== 0 && m.lpis.at(entry).refs > 0 ? 'takeOld' : undefined;
    },
    store(m, f) {
      m.dist.entry = f.lpi;
      return 'unlock lpi_xa';
    },
    takeOld(m, f) {
      m.lpis.free(f.lpi);
      f.lpi = m.dist.entry;
      m.lpis.at(f.lpi).refs++;
    },
  }),
  map(m, f) {
    m.dist.ite = f.lpi;
  },
}));

/** DISCARD and MAPTI of an INTID whose LPI is still on a list. */
export const lpiReregister = defineFamily({
  name: 'lpi-reregister',
  summary: 'VGIC: an INTID is mapped anew while the last reference to its old LPI is dropped',
  scope: {},
  build: () =>
    defineModel({
      name: 'lpi-reregister',
      layout: { lpis: Lpis, dist: Dist },
      processes: 2,
      protocols: [putLpi, addLpi],
      machine: (root): LpiTable => root,
      start(m, spawn) {
        const lpi = m.lpis.alloc();
        m.lpis.at(lpi).refs = 1;
        m.dist.entry = lpi;
        spawn(putLpi, { lpi });
        spawn(addLpi);
      },
      properties: [
        always(
          'the table holds no LPI that was freed',
          ({ dist, lpis }) => dist.entry === 0 || lpis.isLive(dist.entry),
        ),
        always(
          'a mapped LPI is found by its INTID',
          ({ dist }) => dist.ite === 0 || dist.lpiXa.holder !== 0 || dist.entry === dist.ite,
          {
            consequence:
              'MSIs of the device, INVALL and the saving of pending bits find nothing: the interrupt is lost for good',
          },
        ),
        quiescent('no LPI is left that nobody can reach', (m) => m.lpis.count() === 1),
        sometimes('the old LPI lives on', (m) => m.dist.ite !== 0 && m.dist.ite === m.lpis.handleOf(0)),
        sometimes('a new LPI has taken its place', (m) => m.dist.ite !== 0 && m.dist.ite === m.lpis.handleOf(1)),
      ],
    }),
});
