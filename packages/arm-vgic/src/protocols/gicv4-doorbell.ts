// A vPE becomes non-resident while a vLPI arrives. Linux: drivers/irqchip/irq-gic-v3-its.c its_vpe_4_1_deschedule, arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_doorbell_handler.

import { struct, u1, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/**
 * A GICv4.1 vPE and its vCPU. `pending` is the hardware's: a vLPI waits in the pending table; `pendingLast` is software's: vpe->pending_last.
 */
const Vpe = struct('vpe', {
  vpeLock: lock,
  resident: u1,
  pending: u1,
  pendingLast: u1,
  asleep: u1,
  delivered: u1,
});

/** The vPE. */
export interface Doorbell {
  readonly vpe: ViewOf<typeof Vpe>;
}

const { protocol } = protocolsOn<Doorbell>();
const { always, quiescent, sometimes } = propertiesOn<Doorbell>();

/**
 * kvm_vcpu_block: vgic_v4_put with a doorbell asked for, then the check whether there is a reason not to sleep. GICR_VPENDBASER is
 * cleared and PendingLast read back under vpe_lock (a3f574cd6548).
 */
export const blockVcpu = protocol('vgic_v4_put, kvm_vcpu_block', { seen: u1 }, (p) => ({
  ...p.locked('vpe', (m) => m.vpe.vpeLock, {
    leaveHardware(m, f) {
      m.vpe.resident = 0;
      f.seen = m.vpe.pending;
    },
    storePendingLast(m, f) {
      m.vpe.pendingLast = f.seen;
    },
  }),
  checkPending(m) {
    if (m.vpe.pendingLast === 0) m.vpe.asleep = 1;
  },
  sleep: p.idle((m) => (m.vpe.asleep === 1 ? BLOCKED : undefined)),
  enterHardware(m) {
    m.vpe.resident = 1;
    m.vpe.delivered = m.vpe.pending;
    m.vpe.pending = 0;
  },
}));

/** A device's vLPI: delivered to a resident vPE, else pending with a doorbell interrupt, whose handler runs on another CPU. */
export const raiseVlpi = protocol('vLPI, vgic_v4_doorbell_handler', {}, (p) => ({
  raise(m) {
    if (m.vpe.resident === 0) {
      m.vpe.pending = 1;
      return undefined;
    }
    m.vpe.delivered = 1;
    return DONE;
  },
  ...p.locked('vpe', (m) => m.vpe.vpeLock, {
    notePending(m) {
      m.vpe.pendingLast = 1;
    },
  }),
  kick(m) {
    m.vpe.asleep = 0;
  },
}));

/** A vCPU goes to sleep while its device raises a vLPI. */
export const gicv4Doorbell = defineFamily({
  name: 'gicv4-doorbell',
  summary: 'GICv4.1: a vPE is made non-resident while a vLPI arrives',
  scope: {},
  build: () =>
    defineModel({
      name: 'gicv4-doorbell',
      layout: { vpe: Vpe },
      processes: 2,
      protocols: [blockVcpu, raiseVlpi],
      machine: ({ vpe }): Doorbell => ({ vpe }),
      start(m, spawn) {
        m.vpe.resident = 1;
        spawn(blockVcpu);
        spawn(raiseVlpi);
      },
      properties: [
        always('a vCPU that sleeps is not on the hardware', (m) => m.vpe.asleep === 0 || m.vpe.resident === 0),
        quiescent('no vCPU sleeps on a pending vLPI', (m) => m.vpe.asleep === 0 || m.vpe.pending === 0, {
          consequence: 'the vCPU sleeps until something unrelated wakes it: timeouts in the driver of an idle guest',
        }),
        sometimes(
          'the doorbell wakes the vCPU',
          (m) => m.vpe.resident === 1 && m.vpe.delivered === 1 && m.vpe.pendingLast === 1,
        ),
        sometimes('the vCPU sleeps', (m) => m.vpe.asleep === 1),
      ],
    }),
});
