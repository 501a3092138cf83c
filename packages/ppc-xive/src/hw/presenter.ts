// The presenter (IVPE): finds the thread on which a virtual target runs and raises its exception line. QEMU: hw/intc/xive.c xive_presenter_match, xive_tctx_*.

import { type Columns, columns } from '@virq/irq-core/arena';
import { End, Ring, Thread, type XiveState } from './layout.ts';
import type { HardwareProfile } from './profile.ts';

/** Rings of a thread's context, in the order of the TIMA. */
export const RING = { USER: 0, OS: 1, POOL: 2, PHYS: 3 } as const;

/** Bit 0 of word 2: the ring's context is on the thread (VU, VO, VP); VT of the physical ring. */
export const W2_VALID = 0x80000000;
/** Bit 1 of word 2, P10 (HO): hardware saves and restores the context. */
export const W2_HARDWARE = 0x40000000;
/** NSR of the OS ring: an exception for the OS (EO). */
export const NSR_EO = 0x80;
/** NSR bits 7:6 of the physical ring (HE): who the exception is for. */
export const NSR_HE = { NONE: 0x00, POOL: 0x40, PHYS: 0x80, LSI: 0xc0 } as const;
/** PIPR of a ring with nothing pending, and CPPR that lets everything pass. */
export const NO_PRIORITY = 0xff;

/** Pending bit of a priority, 0 for those that have none. */
export const priorityToIpb = (priority: number): number => (priority > 7 ? 0 : 0x80 >>> priority);
/** Most favoured pending priority of an IPB, 0xFF if none. */
export const ipbToPipr = (ipb: number): number => (ipb === 0 ? NO_PRIORITY : Math.clz32(ipb) - 24);

/** The presenter of one machine. */
export interface Presenter {
  /** An END, by its index, notifies its target: true when a thread had it. */
  notify(end: number): boolean;
  /** A priority for the target of a CAM value: true when a thread had it. */
  present(cam: number, priority: number): boolean;
  /** A priority becomes pending on a ring of a thread. */
  raise(thread: number, ring: number, priority: number): void;
  /** IPB has changed: PIPR follows, and the line rises if something more favoured than CPPR is pending. */
  recompute(thread: number, ring: number): void;
  /** Store to CPPR of the OS or the physical ring: 0 to 7, all else means 0xFF. */
  setCppr(thread: number, ring: number, value: number): void;
  /** Acknowledge cycle of the OS or the physical ring: NSR in bits 15:8, the new CPPR in bits 7:0. */
  acknowledge(thread: number, ring: number): number;
  /** Lowers the line of a ring, as the pull of its context does; NSR stays for the next push. */
  lower(thread: number, ring: number): void;
  /** Thread whose OS ring has a CAM value, -1 if none. */
  threadOf(cam: number): number;
}

/** What {@link createPresenter} needs. */
export interface PresenterInit {
  readonly state: XiveState;
  readonly profile: Pick<HardwareProfile, 'cpprWithdraws' | 'presentsPool' | 'groups'>;
  /** A line has risen. */
  signalled(thread: number, ring: number): void;
  /** Two threads answered for one target. */
  ambiguous(cam: number): void;
}

/** CAM value of a virtual target: block and index (P9: 4 and 19 bits; P10: 4 and 24). */
export const camOf = (block: number, index: number, generation: number): number =>
  (block << (generation === 2 ? 24 : 19)) | index;

/** Bits of word 2 that are compared, with the valid bit: P9 8 to 31, P10 4 to 31 in IBM's numbering. */
const comparedBits = (generation: number): number => W2_VALID | (generation === 2 ? 0x0fffffff : 0x00ffffff) | 0;

/** CAM value by which a thread answers for itself: 0x80 and 7 bits of its PIR. */
export const threadCam = (pir: number): number => 0x80 | (pir & 0x7f);

/** The columns of one ring of all threads, those by which an exception shows. */
type RingColumns = Columns<typeof Ring.fields>;

const ringColumns = ({ threads }: XiveState, ring: number): RingColumns =>
  columns(Ring, threads, (t) => t.rings.at(ring));

/** Creates the presenter over zeroed state. */
export function createPresenter({ state, profile, signalled, ambiguous }: PresenterInit): Presenter {
  const { generation, threads } = state;
  const count = threads.length;
  const { nsr, cppr, ipb, pipr, w2 } = ringColumns(state, RING.OS);
  const pool = ringColumns(state, RING.POOL);
  const phys = ringColumns(state, RING.PHYS);
  const { w2: poolW2 } = pool;
  const { w2: physW2 } = phys;
  const { pir, osLine, hvLine } = columns(Thread, threads);
  const { ignore, nvtBlock, nvtIndex, priority } = columns(End, state.ends);
  const { cpprWithdraws, presentsPool } = profile;
  const compared = comparedBits(generation);
  const knowsGroups = profile.groups.includes(generation);

  /** The OS exception shows in NSR and on the line if PIPR lets it. */
  function signalOs(thread: number, favoured: number): void {
    const was = nsr.get(thread);
    if (favoured < cppr.get(thread)) {
      nsr.set(thread, was | NSR_EO);
      if (osLine.get(thread) === 1) return;
      osLine.set(thread, 1);
      signalled(thread, RING.OS);
    } else if (cpprWithdraws) {
      nsr.set(thread, was & ~NSR_EO);
      osLine.set(thread, 0);
    }
  }

  /** The same for the hypervisor's exception, which says for whom it is. */
  function signalPhysical(thread: number, exception: number): void {
    const others = phys.nsr.get(thread) & ~NSR_HE.LSI;
    if (phys.pipr.get(thread) < phys.cppr.get(thread)) {
      phys.nsr.set(thread, others | exception);
      if (hvLine.get(thread) === 1) return;
      hvLine.set(thread, 1);
      signalled(thread, RING.PHYS);
    } else if (cpprWithdraws) {
      phys.nsr.set(thread, others);
      hvLine.set(thread, 0);
    }
  }

  /** PIPR of an OS ring follows its IPB. */
  function updateOs(thread: number, pending: number): number {
    const favoured = ipbToPipr(pending);
    pipr.set(thread, favoured);
    return favoured;
  }

  /** PIPR of the physical ring, which is also the pool's; returns whose exception is the more favoured. */
  function updatePhysical(thread: number): number {
    const own = ipbToPipr(phys.ipb.get(thread));
    const shared = presentsPool && (pool.w2.get(thread) & W2_VALID) !== 0;
    const pools = shared ? ipbToPipr(pool.ipb.get(thread)) : NO_PRIORITY;
    phys.pipr.set(thread, Math.min(pools, own));
    return pools < own ? NSR_HE.POOL : NSR_HE.PHYS;
  }

  function recompute(thread: number, ring: number): void {
    if (ring === RING.OS) signalOs(thread, updateOs(thread, ipb.get(thread)));
    else if (ring === RING.PHYS || presentsPool) signalPhysical(thread, updatePhysical(thread));
  }

  function raise(thread: number, ring: number, p: number): void {
    if (ring === RING.OS) {
      const pending = ipb.get(thread) | priorityToIpb(p);
      ipb.set(thread, pending);
      return signalOs(thread, updateOs(thread, pending));
    }
    threads.at(thread).rings.at(ring).ipb |= priorityToIpb(p);
    return recompute(thread, ring);
  }

  function acknowledgeOs(thread: number): number {
    const was = nsr.get(thread);
    osLine.set(thread, 0);
    if ((was & NSR_EO) === 0) return (was << 8) | cppr.get(thread);
    const taken = pipr.get(thread);
    const pending = ipb.get(thread) & ~priorityToIpb(taken);
    cppr.set(thread, taken);
    ipb.set(thread, pending);
    nsr.set(thread, was & ~NSR_EO);
    updateOs(thread, pending);
    return (was << 8) | taken;
  }

  function acknowledgePhysical(thread: number): number {
    const was = phys.nsr.get(thread);
    hvLine.set(thread, 0);
    if ((was & NSR_HE.LSI) === 0) return (was << 8) | phys.cppr.get(thread);
    const taken = phys.pipr.get(thread);
    const from = (was & NSR_HE.LSI) === NSR_HE.POOL ? pool : phys;
    from.ipb.set(thread, from.ipb.get(thread) & ~priorityToIpb(taken));
    phys.cppr.set(thread, taken);
    phys.nsr.set(thread, was & ~NSR_HE.LSI);
    updatePhysical(thread);
    return (was << 8) | taken;
  }

  /** Ring of a thread on which a CAM value is dispatched, -1 if none. */
  function match(thread: number, cam: number): number {
    const valid = W2_VALID | cam | 0;
    if ((physW2.get(thread) & W2_VALID) !== 0 && threadCam(pir.get(thread)) === cam) return RING.PHYS;
    if ((poolW2.get(thread) & compared) === valid) return RING.POOL;
    return (w2.get(thread) & compared) === valid ? RING.OS : -1;
  }

  function present(cam: number, p: number): boolean {
    let found = -1;
    let on = -1;
    for (let thread = 0; thread < count; thread++) {
      const ring = match(thread, cam);
      if (ring < 0) continue;
      if (found >= 0) {
        ambiguous(cam);
        return false;
      }
      found = thread;
      on = ring;
    }
    if (found >= 0) raise(found, on, p);
    return found >= 0;
  }

  return {
    raise,
    recompute,
    present,
    notify: (end) =>
      !(knowsGroups && ignore.get(end) === 1) &&
      present(camOf(nvtBlock.get(end), nvtIndex.get(end), generation), priority.get(end)),
    setCppr(thread, ring, value) {
      const to = value > 7 ? NO_PRIORITY : value;
      if (ring === RING.OS) {
        cppr.set(thread, to);
        signalOs(thread, cpprWithdraws ? updateOs(thread, ipb.get(thread)) : pipr.get(thread));
      } else {
        phys.cppr.set(thread, to);
        signalPhysical(thread, cpprWithdraws ? updatePhysical(thread) : NSR_HE.PHYS);
      }
    },
    acknowledge: (thread, ring) => (ring === RING.OS ? acknowledgeOs(thread) : acknowledgePhysical(thread)),
    lower: (thread, ring) => (ring === RING.OS ? osLine : hvLine).set(thread, 0),
    threadOf(cam) {
      for (let thread = 0; thread < count; thread++)
        if ((w2.get(thread) & compared) === (W2_VALID | cam | 0)) return thread;
      return -1;
    },
  };
}
