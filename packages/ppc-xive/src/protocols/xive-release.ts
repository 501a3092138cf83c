// The address space that KVM's XIVE device remembers for its zaps, against the device being closed and made anew.
// Linux: arch/powerpc/kvm/book3s_xive_native.c kvmppc_xive_native_mmap, kvmppc_xive_native_release; book3s_xive.c kvmppc_xive_get_device.
//
// The struct of the device outlives its file: QEMU closes the device and creates another on every switch between XICS and XIVE, and KVM uses
// the same struct again. What mmap stored in `mapping` is then the address space of a file that is gone.
//
// Assumptions, each of which the kernel gives: release runs only when no VMA of the file is left (a VMA holds a reference to it), so no fault
// and no mmap runs beside it; set_mapped and clr_mapped hold kvm->lock, and so does release. With the anonymous inode, which all
// KVM device files share and which is never freed, the pointer does not dangle even if it is not cleared (`ownInode: 0`); with
// an inode per file, as VFIO has since 2024, it does.

import { handle, pool, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const Inode = struct('inode', { zaps: u1 });
const Inodes = pool(Inode, 2);
/** struct kvmppc_xive, kvm->arch.xive set or not, and the device file's inode. */
const Xive = struct('xive', {
  kvmLock: lock,
  mappingLock: lock,
  mapping: handle,
  attached: u1,
  file: handle,
  ownInode: u1,
});

/** The device and its inodes. */
export interface XiveRelease {
  readonly inodes: ViewOf<typeof Inodes>;
  readonly xive: ViewOf<typeof Xive>;
}

const { protocol } = protocolsOn<XiveRelease>();
const { quiescent, sometimes } = propertiesOn<XiveRelease>();

/** A VMM that creates the device, maps its pages or not, unmaps and closes it, `left` times over. */
export const deviceLife = protocol('kvmppc_xive_native_create, mmap, release', { left: u8 }, (p) => ({
  ...p.locked('kvm (create)', (m) => m.xive.kvmLock, {
    create(m) {
      if (m.xive.file === 0) m.xive.file = m.inodes.alloc();
      m.xive.attached = 1;
    },
  }),
  mmap: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 1) m.xive.mapping = m.xive.file;
  }),
  ...p.locked('kvm (release)', (m) => m.xive.kvmLock, {
    ...p.locked('mapping', (m) => m.xive.mappingLock, {
      forgetMapping(m) {
        m.xive.mapping = 0;
      },
    }),
    detach(m) {
      m.xive.attached = 0;
    },
  }),
  freeInode(m) {
    if (m.xive.ownInode === 0) return;
    m.inodes.free(m.xive.file);
    m.xive.file = 0;
  },
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock kvm (create)';
  },
}));

/** VFIO connects an interrupt: kvmppc_xive_set_mapped up to its zap, `left` times over. */
export const zapMapped = protocol('kvmppc_xive_native_reset_mapped', { left: u8 }, (p) => ({
  ...p.locked('kvm', (m) => m.xive.kvmLock, {
    isThere: (m) => (m.xive.attached === 0 ? 'unlock kvm' : undefined),
    ...p.locked('mapping', (m) => m.xive.mappingLock, {
      zap(m) {
        assert(m.xive.attached === 1, 'kvmppc_xive_native_reset_mapped runs on a device that is gone');
        if (m.xive.mapping !== 0) m.inodes.at(m.xive.mapping).zaps = 1;
      },
    }),
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock kvm';
  },
}));

/** The device is made, mapped, closed and made again while interrupts are connected. */
export const xiveRelease = defineFamily({
  name: 'xive-release',
  summary: 'XIVE: the device is closed and made anew while interrupts are connected',
  scope: {
    lives: { says: 'times the device is made', default: 2, min: 1, max: 3 },
    zaps: { says: 'interrupts connected', default: 2, min: 1, max: 3 },
    ownInode: {
      says: '1: every device file has an inode of its own; 0: all share the anonymous inode',
      default: 1,
      min: 0,
      max: 1,
    },
  },
  build: ({ lives, zaps, ownInode }) =>
    defineModel({
      name: 'xive-release',
      layout: { inodes: Inodes, xive: Xive },
      processes: 2,
      protocols: [deviceLife, zapMapped],
      machine: (root): XiveRelease => root,
      start(m, spawn) {
        m.xive.ownInode = ownInode;
        spawn(deviceLife, { left: lives - 1 });
        spawn(zapMapped, { left: zaps - 1 });
      },
      properties: [
        quiescent('the device is gone in the end', (m) => m.xive.attached === 0),
        quiescent('no inode is left', (m) => m.xive.ownInode === 0 || m.inodes.count() === 0),
        sometimes('a zap goes through the mapping', (m) => m.inodes.slot(0).zaps === 1),
      ],
    }),
});
