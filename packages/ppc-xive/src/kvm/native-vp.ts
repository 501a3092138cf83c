// KVM_REG_PPC_VP_STATE of a vCPU: words 0 and 1 of its OS ring, with the interrupts that came while it was on no thread. Linux: kvmppc_xive_native_{get,set}_vp.

import { EBUSY, EIO, ENOENT, EPERM } from '@virq/irq-core/errors';
import type { Context } from './context.ts';
import { DEVICE } from './layout.ts';

/** IPB in what OPAL's get_vp_state returns, and in words 0 and 1: bits 47:40. */
const IPB_MASK = 0xff_00_00_00_00_00n;

/** Reads it: -EPERM for a vCPU without a XIVE presenter, -EIO from OPAL. Only IPB is taken from OPAL: on POWER10 the CPPR that hardware saved is not. */
export function getVp({ state, host }: Context, vcpu: number): bigint | number {
  const v = state.vcpus.at(vcpu);
  if (v.irqType !== DEVICE.XIVE) return -EPERM;
  const opal = host.opal.vps.state(v.vpId);
  if (opal === null) return -EIO;
  return v.saved | (((BigInt(opal.hi) << 32n) | BigInt(opal.lo)) & IPB_MASK);
}

/** Writes words 0 and 1: -EPERM, -ENOENT without device, -EBUSY while the vCPU is on a thread. What OPAL has is left alone. */
export function setVp({ state }: Context, vcpu: number, w01: bigint): number {
  const v = state.vcpus.at(vcpu);
  if (v.irqType !== DEVICE.XIVE) return -EPERM;
  if (state.device === DEVICE.NONE) return -ENOENT;
  if (v.pushed === 1) return -EBUSY;
  v.saved = w01;
  return 0;
}
