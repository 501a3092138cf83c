// Locks of the VGIC, outermost first, by kernel. Linux: the comment at the head of arch/arm64/kvm/vgic/vgic.c of 6.1.192, 6.12.117, 6.18.35 and 7.3-rc7. All of kvm->slots_lock and
// kvm->srcu lie outside config_lock.

import type { VgicVersion } from './kernel.ts';

/** Lock classes by short names. */
export const LOCKS = {
  kvm: { kind: 'mutex', of: 'VM', kernel: 'kvm->lock', protects: 'creation of devices and vCPUs, device attributes' },
  vcpu: { kind: 'mutex', of: 'vCPU', kernel: 'vcpu->mutex', protects: 'KVM_RUN; attributes try to take all' },
  config: {
    kind: 'mutex',
    of: 'VM',
    kernel: 'kvm->arch.config_lock',
    protects: 'initialisation, GICD_CTLR, stopping the VM for accesses to active state',
  },
  cmd: { kind: 'mutex', of: 'ITS', kernel: 'its->cmd_lock', protects: 'GITS_CTLR, CBASER, CREADR, CWRITER' },
  its: { kind: 'mutex', of: 'ITS', kernel: 'its->its_lock', protects: 'devices, collections, ITEs, tables' },
  lpi: {
    kind: 'raw spinlock',
    of: 'VM',
    kernel: 'dist->lpi_list_lock (6.1), dist->lpi_xa.xa_lock',
    protects: 'which LPIs there are; in 6.1 their counts and the list of translations too',
  },
  ap: {
    kind: 'raw spinlock',
    of: 'vCPU',
    kernel: 'vgic_cpu->ap_list_lock',
    protects: 'the ap_list; of two that of the lower vcpu_id comes first',
  },
  irq: { kind: 'raw spinlock', of: 'interrupt', kernel: 'vgic_irq->irq_lock', protects: 'struct vgic_irq' },
  desc: {
    kind: 'raw spinlock',
    of: 'host irq',
    kernel: 'irq_desc->lock',
    protects: 'a host interrupt, doorbells among them',
  },
  vpe: { kind: 'raw spinlock', of: 'vPE', kernel: 'its_vpe->vpe_lock', protects: 'where a vPE is resident (GICv4)' },
} as const;
/** Name of a class. */
export type LockName = keyof typeof LOCKS;

const MUTEXES = ['kvm', 'vcpu', 'config', 'cmd', 'its'] as const;
/** What a list drops under its lock can be an LPI's last reference, which takes the LPIs' lock. */
const LPI_INSIDE: readonly LockName[] = [...MUTEXES, 'ap', 'lpi', 'irq', 'desc', 'vpe'];
/** Such a reference is dropped without it, and the LPI goes when the list is unlocked. */
const LPI_OUTSIDE: readonly LockName[] = [...MUTEXES, 'lpi', 'ap', 'irq', 'desc', 'vpe'];

/** The order by kernel: a lock is taken while holding such as stand before it only. */
export const LOCK_ORDER: Readonly<Record<VgicVersion, readonly LockName[]>> = {
  '6.1': LPI_INSIDE,
  '6.12': LPI_INSIDE,
  '6.18': LPI_OUTSIDE,
  '6.19-rc': LPI_OUTSIDE,
  '7.3': LPI_OUTSIDE,
};

/** Names of protocol steps by class: `lock listed irq` takes an `irq`. Null for one that is in no order here. */
export const classOf = (name: string): LockName | null => {
  const last = name.split(/[ .]/).findLast((word) => word in LOCKS);
  return (last as LockName | undefined) ?? null;
};
