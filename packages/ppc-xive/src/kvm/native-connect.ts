// A vCPU gets its presenter in XIVE native mode, and loses it. Linux: book3s_xive_native.c kvmppc_xive_native_connect_vcpu, kvmppc_xive_native_cleanup_vcpu.

import { EBUSY, EIO } from '@virq/irq-core/errors';
import { W2_VALID } from '../hw/presenter.ts';
import type { Context } from './context.ts';
import { DEVICE } from './layout.ts';
import { computeVp, enableVp } from './vp.ts';

/** Words 0 and 1 of an OS ring at reset: nothing but ACK# at 0xFF. */
export const W01_RESET = 0xff000000n;

/**
 * Connects a vCPU. Checks in the kernel's order: -EBUSY for a vCPU that is connected, then what {@link computeVp} says, -EIO when OPAL refuses
 * the VP.
 */
export function connectNative(ctx: Context, vcpu: number, server: number): number {
  const v = ctx.state.vcpus.at(vcpu);
  if (v.irqType !== DEVICE.NONE) return -EBUSY;
  const vp = computeVp(ctx, server);
  if (vp < 0) return vp;
  const info = ctx.host.opal.vps.info(vp);
  Object.assign(v, { irqType: DEVICE.XIVE, valid: 1, serverNum: server, vpId: vp });
  const failed = info === null ? -EIO : enableVp(ctx, vp);
  if (info === null || failed !== 0) {
    Object.assign(v, { irqType: DEVICE.NONE, valid: 0, serverNum: 0, vpId: 0 });
    return failed;
  }
  v.saved = W01_RESET;
  v.cam = (W2_VALID | info.cam) >>> 0;
  return 0;
}
