// Attributes of the native device that others can come between: they take locks, or wait for what is on its way. Linux: book3s_xive_native.c kvmppc_xive_native_set_attr.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { EINVAL, ENOENT } from '@virq/irq-core/errors';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { markQueuesDirty, resetSources, resetVcpu } from '../kvm/native-control.ts';
import { updateSourceConfig } from '../kvm/native-source.ts';
import { MASKED } from '../kvm/priority.ts';
import { sbLockOf } from './mask.ts';
import { type PowerMachine, roomOf, sourceOf } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** `ret` is an errno as a positive number; the rest is the attribute and its value, checked. */
const CONFIG_LOCALS = { vm: u8, ret: u8, priority: u8, masked: u1, gsi: u32, server: u32, eisn: u32 } as const;
type ConfigFrame = { -readonly [K in keyof typeof CONFIG_LOCALS]: number };

/** SOURCE_CONFIG once its value is read. */
export const sourceConfig = protocol(
  'kvmppc_xive_native_update_source_config',
  CONFIG_LOCALS,
  (p: Combinators<PowerMachine, ConfigFrame>) => ({
    ...p.spinlocked('sb', sbLockOf, {
      update(m, f) {
        const { context, sources } = roomOf(m, f);
        const { priority, server, eisn } = f;
        const to = { priority, server, eisn, masked: f.masked === 1 };
        f.ret = -updateSourceConfig(context, sources, sourceOf(m, f), to);
      },
    }),
  }),
);

const SYNC_LOCALS = { vm: u8, ret: u8, gsi: u32 } as const;
type SyncFrame = { -readonly [K in keyof typeof SYNC_LOCALS]: number };

/** SOURCE_SYNC: ENOENT without block, EINVAL for a source that was never made; else waits. */
export const sourceSync = protocol(
  'kvmppc_xive_native_sync_source',
  SYNC_LOCALS,
  (p: Combinators<PowerMachine, SyncFrame>) => ({
    findBlock(m, f) {
      f.ret = roomOf(m, f).sources.find(f.gsi) === null ? ENOENT : 0;
      return f.ret === 0 ? undefined : DONE;
    },
    ...p.spinlocked('sb', sbLockOf, {
      isValid(m, f): Outcome<'unlock sb'> {
        f.ret = sourceOf(m, f).valid === 1 ? 0 : EINVAL;
        return f.ret === 0 ? undefined : 'unlock sb';
      },
      sync(m, f) {
        const { sources } = roomOf(m, f);
        return sources.isSynced(sourceOf(m, f)) ? undefined : BLOCKED;
      },
    }),
  }),
);

const DEVICE_LOCALS = { vm: u8, vcpu: u16 } as const;
type DeviceFrame = { -readonly [K in keyof typeof DEVICE_LOCALS]: number };

const xiveLockOf = (m: PowerMachine, f: DeviceFrame) => roomOf(m, f).context.state.xiveLock;

/** Whether somebody holds the lock of a block, which the path takes for each block in turn. */
function isBlockHeld(m: PowerMachine, f: DeviceFrame): boolean {
  const { blocks, sbLocks } = roomOf(m, f).context.state;
  return blocks.list().some((block) => sbLocks.at(block).holder !== 0);
}

function awaitSources(m: PowerMachine, f: DeviceFrame): Outcome<never> {
  const { sources } = roomOf(m, f);
  let waits = isBlockHeld(m, f);
  sources.forEach((s) => {
    if (s.actPriority !== MASKED && !sources.isSynced(s)) waits = true;
  });
  return waits ? BLOCKED : undefined;
}

/** CTRL EQ_SYNC: waits for the sources that are routed, then marks the pages of all queues dirty. */
export const eqSync = protocol(
  'kvmppc_xive_native_eq_sync',
  DEVICE_LOCALS,
  (p: Combinators<PowerMachine, DeviceFrame>) => ({
    ...p.locked('xive', xiveLockOf, {
      awaitSources,
      markDirty: (m, f) => markQueuesDirty(roomOf(m, f).context),
    }),
  }),
);

/** CTRL RESET: vCPU by vCPU, then the sources that are still routed. */
export const xiveReset = protocol('kvmppc_xive_reset', DEVICE_LOCALS, (p: Combinators<PowerMachine, DeviceFrame>) => ({
  ...p.locked('xive', xiveLockOf, {
    resetVcpu(m, f): Outcome<'resetVcpu' | 'resetSources'> {
      const { context, sources } = roomOf(m, f);
      if (f.vcpu === context.state.vcpus.length) return 'resetSources';
      if (isBlockHeld(m, f)) return BLOCKED;
      resetVcpu(context, sources, f.vcpu++);
      return 'resetVcpu';
    },
    resetSources(m, f) {
      if (isBlockHeld(m, f)) return BLOCKED;
      resetSources(roomOf(m, f).context, roomOf(m, f).sources);
      return undefined;
    },
  }),
}));
