// The first KVM_RUN of a VM: frames get their places, or the VM is dead. Linux: vgic-init.c kvm_vgic_map_resources, vgic-v2.c and vgic-v3.c *_map_resources, arm.c kvm_arch_vcpu_run_pid_change.

import { EBUSY, EINVAL, EIO, ENXIO } from '@virq/irq-core/errors';
import { overlaps } from './addresses.ts';
import { FRAME } from './codes.ts';
import type { VgicDevice } from './device.ts';

function mapV2({ context: { state }, lifecycle }: VgicDevice): number {
  const { dist } = state;
  if (dist.hasDistBase === 0 || dist.hasCpuBase === 0) return -ENXIO;
  const distributor = { base: dist.distBase, size: FRAME.V2_DIST };
  if (overlaps(distributor, { base: dist.cpuBase, size: FRAME.V2_CPU })) return -EINVAL;
  return lifecycle.init();
}

/** SGIs that a restored GICD_CTLR asks the hardware for go over here. */
function mapV3({ context: { state }, vcpus, regions, configureSgis }: VgicDevice): number {
  for (let vcpu = 0; vcpu < vcpus.count; vcpu++) if (state.redists.at(vcpu).hasBase === 0) return -ENXIO;
  if (state.dist.hasDistBase === 0) return -ENXIO;
  if (!regions.areSound()) return -EINVAL;
  if (state.dist.initialized === 0) return -EBUSY;
  configureSgis();
  return 0;
}

/**
 * Before a vCPU enters its guest: 0, and the VGIC is ready. -ENXIO if an address is missing, -EINVAL if frames overlap, -EBUSY for a GICv3 that is not initialised, each of which kills the VM:
 * then and for every later ioctl -EIO.
 */
export function firstRun(device: VgicDevice): number {
  const { dist } = device.context.state;
  if (dist.dead === 1) return -EIO;
  if (dist.ready === 1 || dist.model === 0) return 0;
  const error = dist.model === 2 ? mapV2(device) : mapV3(device);
  if (error === 0) dist.ready = 1;
  else dist.dead = 1;
  return error;
}
