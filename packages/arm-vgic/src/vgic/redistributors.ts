// What LPIs and ITSs know of the redistributors.

import type { Context } from '../context.ts';
import type { Redistributors } from '../its/lpis.ts';

/** GICR_PROPBASER[4:0], IDbits. */
const ID_BITS = 0x1f;
/** INTID bits that KVM has: INTERRUPT_ID_BITS_ITS. */
const MAX_ID_BITS = 16;
const HIGH = 2 ** 32;

/** Binds them. Addresses are bits 51:12 of GICR_PROPBASER, 51:16 of GICR_PENDBASER. */
export const bindRedistributors = ({ state }: Context): Redistributors => ({
  get vcpus() {
    return state.dist.online;
  },
  indexOf(id) {
    for (let vcpu = 0; vcpu < state.dist.online; vcpu++) if (state.redists.at(vcpu).id === id) return vcpu;
    return -1;
  },
  idBits: () => Math.min((state.dist.propbaserLo & ID_BITS) + 1, MAX_ID_BITS),
  configTable: () => (state.dist.propbaserHi & 0xfffff) * HIGH + ((state.dist.propbaserLo & 0xfffff000) >>> 0),
  pendingTable(vcpu) {
    const { pendbaserLo, pendbaserHi } = state.redists.at(vcpu);
    return (pendbaserHi & 0xfffff) * HIGH + ((pendbaserLo & 0xffff0000) >>> 0);
  },
  enabled: (vcpu) => state.redists.at(vcpu).lpis === 1,
});
