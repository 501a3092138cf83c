// Which locks the paths around XIVE passthrough hold, and which pairs of paths they keep apart. Linux 6.1 to 7.3; file and function beside each entry.

/** Lock classes. `kvm` is kvm->lock, `vcpu` vcpu->mutex, `xive` xive->lock, `mapping` xive->mapping_lock, `sb` the lock of a block of 1024 sources. */
export const LOCKS = {
  igate: { kind: 'mutex', of: 'VFIO device', source: 'vfio_pci_core.h struct vfio_pci_core_device' },
  bypass: { kind: 'mutex', of: 'host', source: 'irqbypass.c lock' },
  irqfds: { kind: 'spinlock', of: 'VM', source: 'kvm_host.h struct kvm irqfds.lock' },
  kvm: { kind: 'mutex', of: 'VM', source: 'kvm_host.h struct kvm lock' },
  vcpu: { kind: 'mutex', of: 'vCPU', source: 'kvm_host.h struct kvm_vcpu mutex' },
  xive: { kind: 'mutex', of: 'VM', source: 'book3s_xive.h struct kvmppc_xive lock' },
  mapping: { kind: 'mutex', of: 'VM', source: 'book3s_xive.h struct kvmppc_xive mapping_lock' },
  desc: { kind: 'raw spinlock', of: 'Linux irq', source: 'irqdesc.h struct irq_desc lock' },
  sb: { kind: 'raw spinlock', of: 'block of sources', source: 'book3s_xive.h struct kvmppc_xive_src_block lock' },
  mmap: { kind: 'rwsem', of: 'process', source: 'mm_types.h struct mm_struct mmap_lock' },
  i_mmap: { kind: 'rwsem', of: 'address space', source: 'fs.h struct address_space i_mmap_rwsem' },
  ptl: { kind: 'spinlock', of: 'page table', source: 'mm/memory.c get_locked_pte' },
  /** No lock but a count: release runs when the last reference to the device's file is gone, and system calls and VMAs hold one. */
  file: { kind: 'reference', of: 'device file', source: 'fs/file_table.c __fput, mm/vma.c vm_file' },
} as const;
/** Name of a lock class. */
export type LockName = keyof typeof LOCKS;

/**
 * One lock that a path takes. `all`: it is held over everything the path does to the source, its page and the device. Otherwise `over` says what
 * it is held over.
 */
export interface Held {
  readonly lock: LockName;
  readonly mode?: 'read' | 'write';
  readonly over: 'all' | string;
}

/** A path through the kernel with the locks it takes, outermost first. */
export interface LockedPath {
  readonly source: string;
  readonly takes: readonly Held[];
}

const all = (lock: LockName, mode?: 'read' | 'write'): Held => ({ lock, over: 'all', ...(mode && { mode }) });
const part = (lock: LockName, over: string, mode?: 'read' | 'write'): Held => ({ lock, over, ...(mode && { mode }) });

/** What kvmppc_xive_native_reset_mapped takes under sb->lock. */
const ZAP: readonly Held[] = [
  part('mapping', 'the zap'),
  part('i_mmap', 'the zap', 'read'),
  part('ptl', 'each entry that goes'),
];

/** Paths, by the kernel's names without their prefixes. */
export const PATHS = {
  setMapped: {
    source: 'book3s_hv.c kvmppc_set_passthru_irq, book3s_xive.c kvmppc_xive_set_mapped',
    takes: [
      all('bypass'),
      all('kvm'),
      part('desc', 'irq_set_vcpu_affinity, released before sb->lock is taken'),
      part('sb', 'from the IPI being masked to the end'),
      ...ZAP,
    ],
  },
  clrMapped: {
    source: 'book3s_hv.c kvmppc_clr_passthru_irq, book3s_xive.c kvmppc_xive_clr_mapped',
    takes: [all('bypass'), all('kvm'), all('sb'), part('desc', 'irq_set_vcpu_affinity'), ...ZAP],
  },
  esbFault: {
    source: 'book3s_xive_native.c xive_native_esb_fault, mm/memory.c vmf_insert_pfn',
    takes: [
      all('file', 'read'),
      all('mmap', 'read'),
      part('sb', 'the read of the page address, not the choice of the source before it'),
      part('ptl', 'the insertion'),
    ],
  },
  mmap: { source: 'book3s_xive_native.c kvmppc_xive_native_mmap', takes: [all('file', 'read'), all('mmap', 'write')] },
  munmap: {
    source: 'mm/mmap.c, mm/vma.c; kvm_main.c kvm_device_release',
    takes: [
      all('mmap', 'write'),
      part('kvm', 'the release, if this was the last reference to the file; mmap_lock is dropped by then'),
      part('mapping', 'mapping := NULL, in the release'),
    ],
  },
  release: {
    source: 'kvm_main.c kvm_device_release, book3s_xive_native.c kvmppc_xive_native_release',
    takes: [
      all('file', 'write'),
      all('kvm'),
      part('mapping', 'mapping := NULL'),
      part('vcpu', 'the cleanup of each vCPU'),
    ],
  },
  create: { source: 'kvm_main.c kvm_ioctl_create_device', takes: [all('kvm')] },
  connect: {
    source: 'powerpc.c kvm_vcpu_ioctl_enable_cap, book3s_xive_native.c kvmppc_xive_native_connect_vcpu',
    takes: [all('file', 'read'), all('vcpu'), all('xive')],
  },
  run: { source: 'kvm_main.c kvm_vcpu_ioctl, book3s_xive.c kvmppc_xive_push_vcpu', takes: [all('vcpu')] },
  oneReg: { source: 'book3s_xive_native.c kvmppc_xive_native_get_vp, _set_vp', takes: [all('vcpu')] },
  setSource: { source: 'book3s_xive_native.c kvmppc_xive_native_set_source', takes: [all('file', 'read'), all('sb')] },
  setSourceConfig: {
    source: 'book3s_xive_native.c kvmppc_xive_native_update_source_config',
    takes: [all('file', 'read'), all('sb')],
  },
  setQueueConfig: { source: 'book3s_xive_native.c kvmppc_xive_native_set_queue_config', takes: [all('file', 'read')] },
  reset: {
    source: 'book3s_xive_native.c kvmppc_xive_reset',
    takes: [all('file', 'read'), all('xive'), part('sb', 'the sources of one block')],
  },
  setIrq: { source: 'book3s_xive.c kvmppc_xive_set_irq', takes: [] },
  setVector: {
    source: 'vfio_pci_intrs.c vfio_msi_set_vector_signal',
    takes: [all('igate'), part('bypass', 'connecting and disconnecting')],
  },
  irqfdAssign: {
    source: 'eventfd.c kvm_irqfd_assign',
    takes: [part('irqfds', 'the list; dropped before the consumer is registered'), part('bypass', 'connecting')],
  },
  irqfdShutdown: {
    source: 'eventfd.c irqfd_shutdown (work item)',
    takes: [part('bypass', 'disconnecting')],
  },
} as const satisfies Readonly<Record<string, LockedPath>>;
/** Name of a path. */
export type PathName = keyof typeof PATHS;

const pathOf = (name: PathName): LockedPath => PATHS[name];

/** Locks that keep two paths apart: both hold it over all they do, and not both for reading. */
export function excludedBy(a: PathName, b: PathName): readonly LockName[] {
  const whole = (name: PathName): readonly Held[] => pathOf(name).takes.filter((t) => t.over === 'all');
  return whole(a)
    .filter((x) => whole(b).some((y) => y.lock === x.lock && !(x.mode === 'read' && y.mode === 'read')))
    .map((x) => x.lock);
}

/** Locks that both paths take, but at least one of them over a part only: they order those parts and nothing else. */
export function alsoTaken(a: PathName, b: PathName): readonly LockName[] {
  const excluding = excludedBy(a, b);
  const taken = new Set(pathOf(b).takes.map((t) => t.lock));
  return [...new Set(pathOf(a).takes.map((t) => t.lock))].filter((l) => taken.has(l) && !excluding.includes(l));
}
