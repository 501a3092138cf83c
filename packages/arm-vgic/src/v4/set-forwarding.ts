// An LPI becomes a vLPI: the device's event leads to the vPE of its target from now on. Linux: arch/arm64/kvm/vgic/vgic-v4.c kvm_vgic_v4_set_forwarding, under the irqbypass mutex with the VM halted.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { isLpi, resolve } from '../its/translate.ts';
import { vgicQueueIrqUnlock } from '../lists/queue.ts';
import { propertiesOf } from './forwarding.ts';
import { v4PolicyOf } from './policy.ts';
import { gicOf, kvmOf, lpiOf, type V4Machine, v4Of } from './world.ts';

const { protocol } = protocolsOn<V4Machine>();

/** `code` is what the path returns: a code of the ITS, or an errno as a positive number, which is smaller. `lpi` is a handle of the pool, `its` an index; the rest belongs to the queueing. */
export const FORWARDING_LOCALS = {
  vm: u8,
  its: u8,
  irqfd: u16,
  hostIrq: u16,
  lpi: u16,
  code: u32,
  irq: u16,
  level: u1,
  owner: u8,
  to: u16,
  changed: u1,
  listed: u1,
  broadcast: u1,
} as const;
/** Frame of the two. */
export type ForwardingFrame = { -readonly [K in keyof typeof FORWARDING_LOCALS]: number };

/** What a frame's `code` stands for. */
export const resultOf = (code: number): number => (code > 0xffff ? code : 0 - code);
const codeOf = (result: number): number => Math.abs(result);

const itsOf = (m: V4Machine, f: ForwardingFrame) => v4Of(m, f).itsAt(f.its);
export const itsLockOf = (m: V4Machine, f: ForwardingFrame) => itsOf(m, f).context.state.itsLock;
export const irqLockOf = (m: V4Machine, f: ForwardingFrame) => lpiOf(m, f).irqLock;
const policyOf = (m: V4Machine, f: ForwardingFrame) => v4PolicyOf(v4Of(m, f).context.profile);

/** The ITS whose doorbell the irqfd's route names; a VM or a route without is left to software. */
export function findIts(m: V4Machine, f: ForwardingFrame): typeof DONE | undefined {
  const its = v4Of(m, f).isDirect() ? v4Of(m, f).itsOf(kvmOf(m, f).state.irqfds.at(f.irqfd).route) : -1;
  f.code = 0;
  f.irq = 0;
  f.changed = 0;
  if (its < 0) return DONE;
  f.its = its;
  return undefined;
}

/** vgic_its_resolve_lpi. Linux: a translation that is found is cached here, before the LPI is forwarded. */
export function resolveLpi(m: V4Machine, f: ForwardingFrame): Outcome<'unlock its'> {
  const { devid, data } = kvmOf(m, f).state.irqfds.at(f.irqfd).route;
  const result = resolve(itsOf(m, f).context, devid, data);
  f.lpi = isLpi(result) ? result : 0;
  if (f.lpi !== 0) return undefined;
  f.code = policyOf(m, f).returnsErrors ? codeOf(result) : 0;
  return 'unlock its';
}

/** its_map_vlpi: DISCARD of the physical event, VMAPTI; VMOVI for one that is mapped. */
function map(m: V4Machine, f: ForwardingFrame): void {
  const irq = lpiOf(m, f);
  const { its, indexOf } = gicOf(v4Of(m, f));
  const vpe = indexOf(f.vm, irq.target - 1);
  f.code = codeOf(its.mapVlpi(f.hostIrq, { vm: f.vm, vpe, intid: irq.intid, properties: propertiesOf(irq) }));
}

function mark(m: V4Machine, f: ForwardingFrame): void {
  const irq = lpiOf(m, f);
  const { vpes, indexOf } = gicOf(v4Of(m, f));
  irq.hw = 1;
  irq.hostIrq = f.hostIrq;
  vpes.at(indexOf(f.vm, irq.target - 1)).vlpis++;
}

/** What was pending in software is so in hardware; the queueing that follows finds nothing to queue and kicks nobody. */
function transfer(m: V4Machine, f: ForwardingFrame): void {
  const irq = lpiOf(m, f);
  if (irq.pendingLatch === 0) return;
  f.code = codeOf(gicOf(v4Of(m, f)).its.setPending(f.hostIrq, 1));
  irq.pendingLatch = 0;
  f.irq = v4Of(m, f).handleOf(f.lpi);
  f.changed = 1;
}

const isForwarded = (m: V4Machine, f: ForwardingFrame): boolean => lpiOf(m, f).hw === 1 && !policyOf(m, f).remaps;

const hasMoved = (_m: V4Machine, f: ForwardingFrame): Outcome<'unlock its'> =>
  f.changed === 1 ? undefined : 'unlock its';

/** 6.16 and later: irq_lock over all of it. */
export const setForwarding = protocol(
  'kvm_vgic_v4_set_forwarding',
  FORWARDING_LOCALS,
  (p: Combinators<V4Machine, ForwardingFrame>) => ({
    findIts,
    ...p.locked('its', itsLockOf, {
      resolveLpi,
      ...p.spinlocked('lpi', irqLockOf, {
        isForwarded: (m, f): Outcome<'unlock lpi'> => (isForwarded(m, f) ? 'unlock lpi' : undefined),
        map,
        isMapped: (_m, f): Outcome<'unlock lpi'> => (f.code === 0 ? undefined : 'unlock lpi'),
        mark,
        transfer,
      }),
      hasMoved,
      ...p.include('queue', vgicQueueIrqUnlock as never),
    }),
  }),
);

/** Up to 6.15: its_lock alone until the pending state moves. */
export const setForwardingUnlocked = protocol(
  'kvm_vgic_v4_set_forwarding (6.12)',
  FORWARDING_LOCALS,
  (p: Combinators<V4Machine, ForwardingFrame>) => ({
    findIts,
    ...p.locked('its', itsLockOf, {
      resolveLpi,
      isForwarded: (m, f): Outcome<'unlock its'> => (isForwarded(m, f) ? 'unlock its' : undefined),
      map,
      isMapped: (_m, f): Outcome<'unlock its'> => (f.code === 0 ? undefined : 'unlock its'),
      mark,
      ...p.spinlocked('lpi', irqLockOf, { transfer }),
      hasMoved,
      ...p.include('queue', vgicQueueIrqUnlock as never),
    }),
  }),
);
