// KVM's XICS device over XIVE put together: connecting, attributes, hcalls, RTAS, release. Linux: arch/powerpc/kvm/book3s_xive.c kvm_xive_ops.

import type { Context } from '../kvm/context.ts';
import type { DeviceOps } from '../kvm/devices.ts';
import type { KvmSources } from '../kvm/sources.ts';
import { setNrServers, vpOf } from '../kvm/vp.ts';
import type { XicsAttributes } from './attributes.ts';
import { connectXics } from './connect.ts';
import { createHcalls, type Hcall } from './hcalls.ts';
import { provision } from './provision.ts';
import { releaseXics } from './release.ts';
import { createRestore } from './restore.ts';
import { createRtas, type Rtas } from './rtas.ts';
import { createSave } from './save.ts';
import { createXics, type Xics } from './xics.ts';

/** The device. */
export interface XicsDevice extends Xics {
  readonly attributes: XicsAttributes;
  readonly hcall: Hcall;
  readonly rtas: Rtas;
  readonly ops: DeviceOps;
}

/** What it needs of the chip. */
export interface XicsDeviceParts {
  readonly sources: KvmSources;
  /** Model time, nanoseconds. */
  now(): number;
}

/** Creates the device over zeroed state. */
export function createXicsDevice(ctx: Context, { sources, now }: XicsDeviceParts): XicsDevice {
  const xics = createXics(ctx, {
    sources,
    provision: (priority) => provision(ctx, priority),
    vpOf: (server) => vpOf(ctx, server),
  });
  return {
    ...xics,
    hcall: createHcalls(ctx, now),
    rtas: createRtas(ctx, xics),
    attributes: {
      save: createSave(ctx, xics),
      restore: createRestore(ctx, xics),
      setNrServers: (servers) => setNrServers(ctx, servers),
    },
    ops: {
      connect: (vcpu, server) => connectXics(ctx, vcpu, server),
      closed: () => releaseXics(ctx, sources),
    },
  };
}
