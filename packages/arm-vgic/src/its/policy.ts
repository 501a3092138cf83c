// What the ITS of one kernel does otherwise than that of another, as data. Linux: arch/arm64/kvm/vgic/vgic-its.c of 6.1.192, 6.12.117, 6.18.35 and 7.3-rc7.

/** Differences between kernels that a guest or user space can see. */
export interface ItsPolicy {
  /** Translation cache: one list per VM in order of last use, or a map per ITS that holds all. */
  readonly cache: 'lru' | 'map';
  /** A cache hit takes a reference to its LPI; without it the LPI can be freed under an injection (CVE-2024-26598). */
  readonly hitTakesReference: boolean;
  /** Which writes of GITS_BASER free what the table holds: those with V=0, or those that change it. */
  readonly baserFrees: 'invalid' | 'changed';
  /** MAPC with V=0 checks its target too. */
  readonly unmapChecksTarget: boolean;
  /** What an RDbase names. */
  readonly target: 'index' | 'id';
  /** Saving a device whose id is no longer storable. */
  readonly unstorable: 'refuse' | 'skip';
  /** NEXT of an ITE: to the next one of the device, or to the next that is saved with an LPI. */
  readonly eventNext: 'any' | 'saved';
  /** DISCARD and MAPD V=0 zero the entry in memory; without it a restore resurrects it. */
  readonly zeroesEntries: boolean;
  /** Restoring a device of more than 16 EventID bits, which MAPD refuses, fails (CVE-2026-64106). */
  readonly checksDte: boolean;
  /** MOVALL takes the LPIs of the first redistributor, or all of the VM's: 6.18's update_affinity does not ask where they were. */
  readonly movall: 'from' | 'all';
  /** Saving an ITE that MAPC V=0 left without collection: a zero entry, or a NULL pointer followed. */
  readonly orphan: 'zero' | 'oops';
  /** A control attribute that there is not. */
  readonly unknownControl: 'accept' | 'refuse';
  /** Clearing EnableLPIs drops the pending state of what it takes off the list (72288's fix). */
  readonly purgeClearsLatch: boolean;
  /**
   * The last reference to an LPI: dropped under the lock of the table of LPIs; or before it is taken, to erase the INTID's entry, whatever that is by then; or under
   * the lock if it is the last (refcount_dec_and_lock).
   */
  readonly lpiPut: 'locked' | 'late' | 'counted';
}

const NEWEST: ItsPolicy = {
  cache: 'map',
  hitTakesReference: true,
  baserFrees: 'changed',
  unmapChecksTarget: false,
  target: 'id',
  unstorable: 'skip',
  eventNext: 'saved',
  zeroesEntries: true,
  checksDte: true,
  movall: 'from',
  orphan: 'zero',
  unknownControl: 'refuse',
  purgeClearsLatch: true,
  lpiPut: 'counted',
};

/** By kernel: trees as of their newest stable release. */
export const ITS_POLICIES = {
  '6.1': {
    ...NEWEST,
    cache: 'lru',
    baserFrees: 'invalid',
    unmapChecksTarget: true,
    target: 'index',
    unstorable: 'refuse',
    eventNext: 'any',
    unknownControl: 'accept',
    lpiPut: 'locked',
  },
  '6.12': { ...NEWEST, eventNext: 'any', unknownControl: 'accept', lpiPut: 'late' },
  '6.18': {
    ...NEWEST,
    baserFrees: 'invalid',
    unstorable: 'refuse',
    eventNext: 'any',
    movall: 'all',
    orphan: 'oops',
    purgeClearsLatch: false,
    lpiPut: 'late',
  },
  '7.3': NEWEST,
} as const satisfies Record<string, ItsPolicy>;
