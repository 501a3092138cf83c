// Where a GICv2 guest finds its CPU interface: the host's GICV, which the CPU reaches by itself, and GICC_DIR in a page that newer kernels keep to trap it. Linux: vgic-v2.c
// vgic_v2_map_resources, vgic-mmio-v2.c vgic_mmio_write_dir.

import type { Context } from '../context.ts';
import type { Mapped } from '../distributor/bus.ts';
import type { MmioFrame } from '../distributor/frames.ts';
import { DIR_OFFSET, gicc } from '../regs/gicc.ts';
import type { VgicPaths } from '../vgic/paths.ts';
import type { Cpus } from './cpus.ts';

const PAGE = 0x1000;
const HIGH = 2 ** 32;

/** Registers of the CPU that makes the access, from an offset on. */
const gicvFrom = (cpus: Cpus, from: number): MmioFrame => ({
  read: (vcpu, offset, size) => gicc.read(cpus.port(vcpu), from + offset, size),
  write: (vcpu, offset, size, value) => void gicc.write(cpus.port(vcpu), from + offset, size, value),
  read64: () => 0n,
  write64: () => undefined,
  active: () => undefined,
});

/** The page of GICC_DIR when KVM has it: reads as zero. */
const trappedDir = (paths: VgicPaths): MmioFrame => ({
  read: () => 0,
  write(vcpu, offset, size, value) {
    if (offset === 0 && size === 4) paths.deactivate(vcpu, value);
  },
  read64: () => 0n,
  write64: () => undefined,
  active: () => undefined,
});

/** The frames of a VM; none before the CPU interface has an address. */
export function gicvFrames({ state, profile }: Context, cpus: Cpus, paths: VgicPaths): () => readonly Mapped[] {
  const { dist } = state;
  const traps = profile.lr.overflow !== 'underflow';
  const first = gicvFrom(cpus, 0);
  const second = traps ? trappedDir(paths) : gicvFrom(cpus, DIR_OFFSET);
  return () => {
    if (dist.hasCpuBase === 0 || dist.model !== 2) return [];
    const base = dist.cpuBaseHi * HIGH + dist.cpuBaseLo;
    return [
      { base, bytes: PAGE, frame: first, traps: false },
      { base: base + DIR_OFFSET, bytes: PAGE, frame: second, traps },
    ];
  };
}
