// MSIs from devices and user space to LPIs. Linux: vgic-its.c vgic_its_inject_cached_translation, vgic_its_inject_msi.

import { ERRNO } from '@virq/irq-core/errors';
import type { Its } from './its.ts';
import type { Lpis } from './lpis.ts';
import { trigger } from './translate.ts';

/** struct kvm_msi: where an MSI is written, its data, and the device that wrote it. A route has the same fields. */
export interface Msi {
  readonly addressLo: number;
  readonly addressHi: number;
  readonly data: number;
  readonly devid: number;
  /** KVM_MSI_VALID_DEVID: `devid` counts. */
  readonly flags: number;
}

/** KVM_MSI_VALID_DEVID. */
export const VALID_DEVID = 1;

const addressOf = (msi: Msi): number => msi.addressHi * 2 ** 32 + msi.addressLo;

/** Injection of MSIs into a VM. */
export interface MsiPort {
  /** Handle of the LPI a cache has for an MSI, as {@link MsiPort.inject} looks it up; 0 for a miss. */
  lookup(msi: Msi): number;
  /** What is left of a hit: makes the LPI pending and drops the reference. */
  finish(lpi: number): void;
  /** 1 delivered, 0 blocked by the guest (no mapping), -ENODEV no ITS, -EINVAL no device or no ITS there, -EBUSY ITS or LPIs off. */
  inject(msi: Msi): number;
}

/** What injection works on; all ITSs of the VM. */
export interface MsiOptions {
  readonly all: readonly Its[];
  readonly lpis: Lpis;
}

/** Creates the port. */
export function createMsiPort({ all, lpis }: MsiOptions): MsiPort {
  function itsAt(address: number): Its | null {
    for (let i = 0; i < all.length; i++) if ((all[i] as Its).covers(address)) return all[i] as Its;
    return null;
  }

  /** 6.1 compares with the doorbell itself, later kernels take any address of the frames: their maps are those of one ITS and do not ask. */
  function lookup(msi: Msi): number {
    const address = addressOf(msi);
    const its = itsAt(address);
    if (its === null) return 0;
    return its.context.cache.lookup(address, msi.devid, msi.data);
  }

  function finish(lpi: number): void {
    const holds = (all[0] as Its).context.policy.hitTakesReference;
    lpis.trigger(lpi);
    if (holds) lpis.put(lpi);
  }

  function inject(msi: Msi): number {
    if (all.length === 0) return -ERRNO.ENODEV;
    const hit = lookup(msi);
    if (hit !== 0) {
      finish(hit);
      return 1;
    }
    const its = (msi.flags & VALID_DEVID) === 0 ? null : itsAt(addressOf(msi));
    if (its === null) return -ERRNO.EINVAL;
    const result = trigger(its.context, msi.devid, msi.data);
    if (result < 0) return result;
    return result === 0 ? 1 : 0;
  }

  return { lookup, finish, inject };
}
