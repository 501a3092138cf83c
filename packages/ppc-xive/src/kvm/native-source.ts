// Sources as user space makes, routes and synchronises them. Linux: book3s_xive_native.c kvmppc_xive_native_set_source, kvmppc_xive_native_update_source_config.

import { E2BIG, EFAULT, EINVAL, ENOENT, ENXIO } from '@virq/irq-core/errors';
import type { AttrPayload } from '@virq/irq-core/kvm';
import { untilDone } from '../opal/until-done.ts';
import type { Context } from './context.ts';
import { type IrqState, NR_IRQS } from './layout.ts';
import { fromGuest, MASKED } from './priority.ts';
import type { KvmSources } from './sources.ts';
import { switchOff } from './switch-off.ts';
import { selectTarget } from './targets.ts';
import { vpOf } from './vp.ts';

/** KVM_XIVE_LEVEL_SENSITIVE and KVM_XIVE_LEVEL_ASSERTED. */
export const SOURCE_FLAG = { LEVEL: 1, ASSERTED: 2 } as const;

/** Target of a source as SOURCE_CONFIG's value says it. */
export interface SourceConfig {
  /** Bits 2:0. */
  readonly priority: number;
  /** Bits 31:3. */
  readonly server: number;
  /** Bit 32. */
  readonly masked: boolean;
  /** Bits 63:33. */
  readonly eisn: number;
}

/** SOURCE_CONFIG's value as fields. */
export const decodeConfig = (value: bigint): SourceConfig => ({
  priority: Number(value & 7n),
  server: Number((value >> 3n) & 0x1fffffffn),
  masked: ((value >> 32n) & 1n) === 1n,
  eisn: Number((value >> 33n) & 0x7fffffffn),
});

/** The fields as SOURCE_CONFIG's value. */
export const encodeConfig = ({ priority, server, masked, eisn }: SourceConfig): bigint =>
  BigInt(priority) | (BigInt(server) << 3n) | (masked ? 1n << 32n : 0n) | (BigInt(eisn) << 33n);

/** Allocates the IPI of a source, once: -ENXIO when OPAL has none. */
function giveIpi({ host }: Context, s: IrqState): number {
  if (s.ipi !== 0) return 0;
  const number = untilDone(() => host.opal.irqs.allocate());
  if (number < 0) return -ENXIO;
  s.ipi = host.opal.irqs.indexOf(number) + 1;
  return 0;
}

/**
 * SOURCE: the source is there, masked and off. -E2BIG beyond the numbers there are; -EFAULT, with its block made already; -ENXIO without an IPI.
 * Linux: level-triggered and asserted are set by this, never cleared.
 */
export function setSource(
  ctx: Context,
  sources: KvmSources,
  irq: number,
  payload: Readonly<AttrPayload> | null,
): number {
  if (irq >= NR_IRQS) return -E2BIG;
  const s = sources.create(irq);
  if (payload === null) return -EFAULT;
  const failed = giveIpi(ctx, s);
  if (failed !== 0) return failed;
  const flags = Number((payload['value'] as bigint) & 3n);
  if ((flags & SOURCE_FLAG.LEVEL) !== 0) {
    s.lsi = 1;
    if ((flags & SOURCE_FLAG.ASSERTED) !== 0) s.asserted = 1;
  }
  s.actServer = 0;
  s.actPriority = MASKED;
  switchOff(ctx, s.ipi - 1);
  if (s.valid === 0) ctx.state.srcCount++;
  s.valid = 1;
  return 0;
}

/**
 * kvmppc_xive_native_update_source_config, under the lock of the source's block. Nothing is done when priority, server and EISN are what they were, not
 * even if `masked` says otherwise. The queue that a source leaves goes on counting it. 0, -EINVAL for an unknown server, -EBUSY, -ENXIO.
 */
export function updateSourceConfig(ctx: Context, sources: KvmSources, s: IrqState, to: SourceConfig): number {
  const { priority, eisn } = to;
  if (s.actServer === to.server && s.actPriority === priority && s.eisn === eisn) return 0;
  if (to.masked) {
    Object.assign(s, { actPriority: MASKED, actServer: 0, eisn: 0 });
    return sources.configure(s, 0, MASKED, 0);
  }
  const server = selectTarget(ctx.state, to.server, priority);
  if (server < 0) return server;
  Object.assign(s, { actPriority: priority, actServer: server, eisn });
  return sources.configure(s, vpOf(ctx, server), priority, eisn);
}

/** What SOURCE_CONFIG finds out before it takes the lock: the source and its target, or -ENOENT, -EINVAL, -EFAULT. */
export function configArguments(
  sources: KvmSources,
  irq: number,
  payload: Readonly<AttrPayload> | null,
): { readonly source: IrqState; readonly to: SourceConfig } | number {
  const source = sources.find(irq);
  if (source === null) return -ENOENT;
  if (source.valid === 0) return -EINVAL;
  if (payload === null) return -EFAULT;
  const to = decodeConfig(payload['value'] as bigint);
  return to.priority === fromGuest(to.priority) ? { source, to } : -EINVAL;
}
