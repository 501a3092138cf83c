// An MSI becomes an LPI: from the cache without any lock of the ITS, else by its tables. Linux: vgic-its.c vgic_its_inject_cached_translation, vgic_its_check_cache, vgic_its_inject_msi.

import { bits, u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { ERRNO } from '@virq/irq-core/errors';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { VALID_DEVID } from '../msi.ts';
import { doorbellOf, isLpi, translate } from '../translate.ts';
import { EFFECT } from '../work.ts';
import { CHANGE_LOCALS, type ChangeFrame, changeLpi } from './change.ts';
import { KEEP_LOCALS, type KeepFrame, vgicItsCacheTranslation } from './keep.ts';
import { vgicPutIrq } from './put.ts';
import { type ItsMachine, itsOf, lpiLockOf, lpisOf, policyOf, vmOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** struct kvm_msi, with `device` and `event` of it; `hasIts` says that its address is that of ITS `its`. `ret` is 0 or 1, `error` an errno. */
const INJECT_LOCALS = {
  ...CHANGE_LOCALS,
  ...KEEP_LOCALS,
  addressLo: u32,
  addressHi: u32,
  flags: u8,
  hasIts: u1,
  ret: bits(2),
  error: u16,
} as const;
/** Frame of the path. */
export type InjectFrame = ChangeFrame &
  KeepFrame & { addressLo: number; addressHi: number; flags: number; hasIts: number; ret: number; error: number };

function findIts(m: ItsMachine, f: InjectFrame): void {
  const { all } = vmOf(m, f).its;
  const address = f.addressHi * 2 ** 32 + f.addressLo;
  const found = all.findIndex((its) => its.covers(address));
  f.hasIts = found < 0 ? 0 : 1;
  f.its = Math.max(0, found);
}

/** 6.1 compares with the doorbell itself. */
function look(m: ItsMachine, f: InjectFrame): void {
  const its = itsOf(m, f);
  const address = f.addressHi * 2 ** 32 + f.addressLo;
  f.lpi = its.cache.peek(its.policy.cache === 'lru' ? address : doorbellOf(its), f.device, f.event);
}

/** A reference keeps it from going while it is injected; without one nobody does (CVE-2024-26598). */
function takeReference(m: ItsMachine, f: InjectFrame): void {
  if (f.lpi === 0 || !policyOf(m, f).hitTakesReference) return;
  if (!lpisOf(m, f).tryHold(f.lpi)) f.lpi = 0;
}

function refusal(m: ItsMachine, f: InjectFrame): number {
  if (vmOf(m, f).its.all.length === 0) return ERRNO.ENODEV;
  return (f.flags & VALID_DEVID) === 0 || f.hasIts === 0 ? ERRNO.EINVAL : 0;
}

/** vgic_its_inject_msi. */
export const vgicItsInjectMsi = protocol(
  'vgic_its_inject_msi',
  INJECT_LOCALS,
  (p: Combinators<ItsMachine, InjectFrame>) => ({
    findIts(m, f): Outcome<'slowPath' | 'lock lpi'> {
      findIts(m, f);
      f.effect = EFFECT.TRIGGER;
      if (f.hasIts === 0) return 'slowPath';
      return policyOf(m, f).cache === 'lru' ? 'lock lpi' : undefined;
    },
    enterRcu: (m, f) => lpisOf(m, f).enterRcu(),
    look,
    takeReference,
    leaveRcu(m, f): Outcome<'isHit'> {
      lpisOf(m, f).leaveRcu();
      return 'isHit';
    },
    ...p.spinlocked('lpi', lpiLockOf, {
      lookInList(m, f) {
        look(m, f);
        takeReference(m, f);
      },
    }),
    isHit: (_m, f): Outcome<'slowPath'> => (f.lpi === 0 ? 'slowPath' : undefined),
    ...p.include('cached', changeLpi as never),
    deliver(m, f) {
      f.put = policyOf(m, f).hitTakesReference ? f.lpi : 0;
      f.ret = 1;
    },
    ...p.include('put', vgicPutIrq as never),
    finish: (): Outcome<never> => DONE,
    slowPath(m, f): Outcome<never> {
      f.error = refusal(m, f);
      return f.error === 0 ? undefined : DONE;
    },
    ...p.locked('its', (m, f) => itsOf(m, f).state.itsLock, {
      translate(m, f): Outcome<'unlock its'> {
        const lpi = translate(itsOf(m, f), f.device, f.event);
        f.error = Math.max(0, -lpi);
        if (!isLpi(lpi)) return 'unlock its';
        f.lpi = lpi;
      },
      ...p.include('keep', vgicItsCacheTranslation as never),
      ...p.include('trigger', changeLpi as never),
      answer(_m, f) {
        f.ret = 1;
      },
    }),
  }),
);
