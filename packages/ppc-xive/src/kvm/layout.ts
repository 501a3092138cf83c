// KVM's state of one VM's XIVE or XICS-over-XIVE device. Linux: arch/powerpc/kvm/book3s_xive.h.

import { array, bitmap, bits, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/** Interrupt controller device of a VM, and irq_type of a vCPU. */
export const DEVICE = { NONE: 0, XIVE: 1, XICS: 2 } as const;

/** Sources of one kvmppc_xive_src_block. */
export const BLOCK_SOURCES = 1024;
/** Blocks of a device (KVMPPC_XICS_MAX_ICS_ID + 1). */
export const MAX_BLOCKS = 1024;
/** Guest source numbers end before this (KVMPPC_XIVE_NR_IRQS). */
export const NR_IRQS = BLOCK_SOURCES * MAX_BLOCKS;
/** Queues of a vCPU (KVMPPC_XIVE_Q_COUNT). */
export const Q_COUNT = 8;

/**
 * kvmppc_xive_irq_state. `key` is 1 + the guest's source number, 0 for a free slot; it exists for the model alone, as sources lie in the arena by
 * hash. `ipi` and `ptData` are 1 + index of a hardware source, 0 for NULL; `ptNumber` is the hardware number. `guestPriority` is 0xFF while masked.
 */
export const IrqState = struct('irqState', {
  key: u32,
  valid: u1,
  lsi: u1,
  asserted: u1,
  inEoi: u1,
  oldP: u1,
  oldQ: u1,
  inQueue: u1,
  savedP: u1,
  savedQ: u1,
  guestPriority: u8,
  savedPriority: u8,
  savedScanPrio: u8,
  actPriority: u8,
  actServer: u16,
  ipi: u16,
  ptNumber: u32,
  ptData: u16,
  eisn: bits(31),
});
export type IrqState = View<typeof IrqState>;

/**
 * struct xive_q with what KVM keeps beside it. `qpage` says that the queue has memory: the guest's, or pages of the host in XICS mode; `frame` is
 * its first real frame, `refs` references KVM holds on pages of the guest because of it; `escIrq` is 1 + the number of its escalation source, `escVirq`
 * says that the escalation's Linux irq is requested, `dirty` that its page was marked dirty since the log was last read.
 */
export const Queue = struct('queue', {
  qpage: u1,
  toggle: u1,
  idx: bits(22),
  qshift: u8,
  guestQshift: u8,
  frame: u32,
  refs: u8,
  guestQaddr: u64,
  count: u32,
  pendingCount: u32,
  escIrq: u32,
  escVirq: u1,
  dirty: u1,
});
export type Queue = View<typeof Queue>;

/**
 * kvmppc_xive_vcpu, and of struct kvm_vcpu_arch what belongs to it. `irqType` is one of {@link DEVICE}; `vpIpi` 1 + index of a source; `saved`
 * words 0 and 1 of the OS ring while the vCPU is off its thread; `thread` 1 + the hardware thread it is on; `escOn` xive_esc_on, `escPage` 1 + the
 * END whose ESe page xive_esc_vaddr maps, `escLost` that its mapping is gone although the pointer is still there; `mutex` vcpu->mutex.
 */
export const XiveVcpu = struct('xiveVcpu', {
  irqType: u8,
  valid: u1,
  serverNum: u32,
  vpId: u32,
  cam: u32,
  saved: u64,
  pushed: u1,
  thread: u8,
  ceded: u1,
  irqPending: u1,
  escOn: u1,
  escPage: u32,
  escLost: u1,
  doorbell: u1,
  mutex: lock,
  vpIpi: u16,
  cppr: u8,
  hwCppr: u8,
  mfrr: u8,
  pending: u8,
  delayedIrq: u32,
  queues: array(Queue, Q_COUNT),
});
export type XiveVcpu = View<typeof XiveVcpu>;

/** What a mapping of the device's file shows. */
export const VMA = { NONE: 0, TIMA: 1, ESB: 2 } as const;

/** A mapping of the device's file by the VMM, in pages of 64 KiB: `start` its first virtual page, `pgoff` its offset in the file. */
export const Vma = struct('vma', { kind: u8, device: u8, start: u32, pages: u32, pgoff: u32 });
export type Vma = View<typeof Vma>;

/** A page table entry: `key` 1 + virtual page, `page` one of {@link PFN}. */
export const Pte = struct('pte', { key: u32, page: u32 });

/** Page frames that can stand in a page table entry: none, the OS view of the TIMA, or a page of a hardware source. */
export const PFN = {
  NONE: 0,
  TIMA_OS: 1,
  /** Page (ESB_PAGE) of the source with an index. */
  esb: (source: number, page: number): number => 2 + source * 2 + page,
  sourceOf: (pfn: number): number => (pfn - 2) >>> 1,
  pageOf: (pfn: number): number => (pfn - 2) & 1,
} as const;

/** Passthrough map of a VM (struct kvmppc_passthru_irqmap): guest number, and 1 + index of the host irq, 0 when unmapped. */
const PassthruIrq = struct('passthruIrq', { used: u1, gsi: u32, hostIrq: u32 });

/** Sizes of {@link kvmLayout}. */
export interface XiveKvmSizes {
  readonly vcpus: number;
  /** Sources the VM can have, a power of two (Abstraction: KVM takes up to 1,048,576). */
  readonly sources: number;
  readonly vmas: number;
  /** Pages that can be mapped at once, a power of two. */
  readonly ptes: number;
  /** Entries of the passthrough map (KVMPPC_PIRQ_MAPPED, 1024). */
  readonly passthru: number;
}

/**
 * struct kvmppc_xive of one VM. `vpBase` is 0 until the first vCPU connects; `files` counts the files made for it so far, `mapping` is the number of the one whose address_space the pointer of that name is, 0 for NULL, `fileOpen` that the
 * VMM has a descriptor of the device; `nrServers` servers the VP block is made for. `mmapLock` is the VMM's mmap_lock: its holder a writer, `mmapReaders` page faults.
 */
export const xiveKvmLayout = (sizes: XiveKvmSizes) =>
  struct('xiveKvm', {
    device: u8,
    singleEscalation: u1,
    saveRestore: u1,
    files: u8,
    mapping: u8,
    fileOpen: u1,
    vpBase: u32,
    nrServers: u32,
    srcCount: u32,
    savedSrcCount: u32,
    delayedIrqs: u32,
    maxSbid: u16,
    qmap: u8,
    kvmLock: lock,
    xiveLock: lock,
    mappingLock: lock,
    mmapLock: lock,
    mmapReaders: u8,
    blocks: bitmap(MAX_BLOCKS),
    sbLocks: array(lock, MAX_BLOCKS),
    sources: array(IrqState, sizes.sources),
    vcpus: array(XiveVcpu, sizes.vcpus),
    vmas: array(Vma, sizes.vmas),
    ptes: array(Pte, sizes.ptes),
    passthru: array(PassthruIrq, sizes.passthru),
  });
export type XiveKvmState = View<ReturnType<typeof xiveKvmLayout>>;
