// The presenter (IVPE): finds the thread on which a virtual target runs and raises its exception line. QEMU: hw/intc/xive.c xive_presenter_match, xive_tctx_*.

import type { End, Ring, Thread, XiveState } from './layout.ts';
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
  /** An END notifies its target: true when a thread had it. */
  notify(end: End): boolean;
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
  readonly profile: Pick<HardwareProfile, 'cpprWithdraws' | 'presentsPool'>;
  /** A line has risen. */
  signalled(thread: number, ring: number): void;
  /** Two threads answered for one target. */
  ambiguous(end: End): void;
}

/** CAM value of a virtual target: block and index (P9: 4 and 19 bits; P10: 4 and 24). */
export const camOf = (block: number, index: number, generation: number): number =>
  generation === 2 ? block * 2 ** 24 + index : block * 2 ** 19 + index;

/** Bits of word 2 that are compared, with the valid bit: P9 8 to 31, P10 4 to 31 in IBM's numbering. */
const comparedBits = (generation: number): number => W2_VALID | (generation === 2 ? 0x0fffffff : 0x00ffffff) | 0;

/** CAM value by which a thread answers for itself: 0x80 and 7 bits of its PIR. */
export const threadCam = (pir: number): number => 0x80 | (pir & 0x7f);

/** Bits of NSR that say that there is an exception, by ring. */
const EXCEPTIONS = [0, NSR_EO, 0, NSR_HE.LSI] as const;

/** Creates the presenter over zeroed state. */
export function createPresenter({ state, profile, signalled, ambiguous }: PresenterInit): Presenter {
  const { threads } = state;
  const { cpprWithdraws, presentsPool } = profile;

  function setLine(t: Thread, ring: number, level: number): void {
    if (ring === RING.OS) t.osLine = level;
    else t.hvLine = level;
  }

  /** The exception shows in NSR and on the line if PIPR lets it. */
  function signal(thread: number, ring: number, exception: number): void {
    const t = threads.at(thread);
    const shown = t.rings.at(ring);
    const others = shown.nsr & ~(EXCEPTIONS[ring] as number);
    if (shown.pipr < shown.cppr) {
      const rises = (ring === RING.OS ? t.osLine : t.hvLine) === 0;
      shown.nsr = others | exception;
      setLine(t, ring, 1);
      if (rises) signalled(thread, ring);
    } else if (cpprWithdraws) {
      shown.nsr = others;
      setLine(t, ring, 0);
    }
  }

  /** PIPR of the physical ring, which is also the pool's; returns whose exception is the more favoured. */
  function updatePhysical(t: Thread): number {
    const phys = t.rings.at(RING.PHYS);
    const pool = t.rings.at(RING.POOL);
    const own = ipbToPipr(phys.ipb);
    const pools = presentsPool && (pool.w2 & W2_VALID) !== 0 ? ipbToPipr(pool.ipb) : NO_PRIORITY;
    phys.pipr = Math.min(pools, own);
    return pools < own ? NSR_HE.POOL : NSR_HE.PHYS;
  }

  function recompute(thread: number, ring: number): void {
    const t = threads.at(thread);
    if (ring === RING.POOL && !presentsPool) return;
    if (ring === RING.OS) {
      const os = t.rings.at(RING.OS);
      os.pipr = ipbToPipr(os.ipb);
      signal(thread, RING.OS, NSR_EO);
    } else signal(thread, RING.PHYS, updatePhysical(t));
  }

  function raise(thread: number, ring: number, priority: number): void {
    threads.at(thread).rings.at(ring).ipb |= priorityToIpb(priority);
    recompute(thread, ring);
  }

  /** Takes the exception that a ring shows: its priority becomes CPPR and is no longer pending. */
  function take(t: Thread, ring: number, shown: Ring): void {
    const { pipr, nsr } = shown;
    const from = ring === RING.PHYS && (nsr & NSR_HE.LSI) === NSR_HE.POOL ? t.rings.at(RING.POOL) : shown;
    from.ipb &= ~priorityToIpb(pipr);
    shown.cppr = pipr;
    if (ring === RING.PHYS) updatePhysical(t);
    else shown.pipr = ipbToPipr(shown.ipb);
    shown.nsr = nsr & ~(EXCEPTIONS[ring] as number);
  }

  /** Ring of a thread on which a CAM value is dispatched, -1 if none. */
  function match(t: Thread, cam: number, bits: number): number {
    const { rings } = t;
    const valid = W2_VALID | cam | 0;
    if ((rings.at(RING.PHYS).w2 & W2_VALID) !== 0 && threadCam(t.pir) === cam) return RING.PHYS;
    if ((rings.at(RING.POOL).w2 & bits) === valid) return RING.POOL;
    return (rings.at(RING.OS).w2 & bits) === valid ? RING.OS : -1;
  }

  return {
    raise,
    recompute,
    notify(end) {
      if (end.ignore === 1) return false;
      const bits = comparedBits(state.generation);
      const cam = camOf(end.nvtBlock, end.nvtIndex, state.generation);
      let found = -1;
      let on = -1;
      for (let thread = 0; thread < threads.length; thread++) {
        const ring = match(threads.at(thread), cam, bits);
        if (ring < 0) continue;
        if (found >= 0) {
          ambiguous(end);
          return false;
        }
        found = thread;
        on = ring;
      }
      if (found >= 0) raise(found, on, end.priority);
      return found >= 0;
    },
    setCppr(thread, ring, value) {
      const t = threads.at(thread);
      t.rings.at(ring).cppr = value > 7 ? NO_PRIORITY : value;
      if (cpprWithdraws) recompute(thread, ring);
      else signal(thread, ring, ring === RING.OS ? NSR_EO : NSR_HE.PHYS);
    },
    acknowledge(thread, ring) {
      const t = threads.at(thread);
      const shown = t.rings.at(ring);
      const { nsr } = shown;
      setLine(t, ring, 0);
      if ((nsr & (EXCEPTIONS[ring] as number)) !== 0) take(t, ring, shown);
      return (nsr << 8) | shown.cppr;
    },
    lower: (thread, ring) => setLine(threads.at(thread), ring, 0),
    threadOf(cam) {
      const bits = comparedBits(state.generation);
      for (let thread = 0; thread < threads.length; thread++)
        if ((threads.at(thread).rings.at(RING.OS).w2 & bits) === (W2_VALID | cam | 0)) return thread;
      return -1;
    },
  };
}
