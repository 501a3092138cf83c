// What firmware does for LPIs before a test begins: LPI tables, ITS tables, command queue, everything enabled. Arm IHI 0069 5.1, 12.19.

import type { Context } from '../context.ts';
import type { Its } from '../its/its.ts';
import { ITS_PLACES, pendingPlace, QUEUE_BYTES } from '../its/places.ts';
import { GITS } from '../its/registers.ts';

/** Bit 63 of GITS_BASER and GITS_CBASER. */
const VALID = 1n << 63n;
/** GICR_PROPBASER.IDbits: 16 bits of INTID. */
const ID_BITS = 15;
/** Shareability and cacheability of a GICR_PROPBASER as KVM keeps it. */
const ATTRIBUTES = 0x580;

/** Brings the redistributors' LPIs and the ITSs up. */
export function setUpLpis({ state, options }: Context, all: readonly Its[]): void {
  state.dist.propbaserLo = ITS_PLACES.properties | ATTRIBUTES | ID_BITS;
  state.dist.propbaserHi = 0;
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
    const r = state.redists.at(vcpu);
    r.pendbaserLo = pendingPlace(vcpu) | ATTRIBUTES;
    r.lpis = 1;
  }
  for (const [i, its] of all.entries()) {
    const at = (place: number): bigint => VALID | BigInt(place + i * ITS_PLACES.stride);
    its.write64(GITS.rows.BASER0.at, at(ITS_PLACES.devices));
    its.write64(GITS.rows.BASER1.at, at(ITS_PLACES.collections));
    its.write64(GITS.rows.CBASER.at, at(ITS_PLACES.commands) | BigInt(QUEUE_BYTES / 0x1000 - 1));
    its.write(GITS.rows.CTLR.at, 4, 1);
  }
}
