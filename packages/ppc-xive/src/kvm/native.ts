// The XIVE native device of a VM: its parts put together. Linux: arch/powerpc/kvm/book3s_xive_native.c.

import type { Context } from './context.ts';
import type { DeviceOps } from './devices.ts';
import { DEVICE } from './layout.ts';
import { connectNative } from './native-connect.ts';

/** Creates the native device's operations. */
export function createNative(ctx: Context): DeviceOps {
  return {
    connect: (vcpu, server) => connectNative(ctx, vcpu, server),
    release() {
      ctx.state.device = DEVICE.NONE;
    },
  };
}
