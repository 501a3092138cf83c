// The presenter (IVPE): finds the thread on which a virtual target runs and raises its exception line. QEMU: hw/intc/xive.c xive_presenter_match, xive_tctx_*.

import type { End, Ring, Thread, XiveState } from './layout.ts';

/** Rings of a thread's context, in the order of the TIMA. */
export const RING = { USER: 0, OS: 1, POOL: 2, PHYS: 3 } as const;

/** Bit 0 of word 2: the ring's context is on the thread (VU, VO, VP); VT of the physical ring. */
export const W2_VALID = 0x80000000;
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
  /** Store to CPPR: 0 to 7, all else means 0xFF. */
  setCppr(thread: number, ring: number, value: number): void;
  /** Acknowledge cycle: NSR in bits 15:8, the new CPPR in bits 7:0. */
  acknowledge(thread: number, ring: number): number;
  /** Lowers the line and forgets the exception of a ring. */
  withdraw(thread: number, ring: number): void;
  /** Thread whose OS ring has a CAM value, -1 if none. */
  threadOf(cam: number): number;
}

/** What {@link createPresenter} needs. */
export interface PresenterInit {
  readonly state: XiveState;
  /** A CPPR that closes takes back a signal not yet acknowledged (XIVE architecture; QEMU before 10.1 leaves it). */
  readonly cpprWithdraws: boolean;
  /** A line has risen. */
  signalled(thread: number, ring: number): void;
  /** Two threads answered for one target. */
  ambiguous(end: End): void;
}

/** CAM value of a virtual target: block and index (P9: 4 and 19 bits; P10: 4 and 24). */
export const camOf = (block: number, index: number, generation: number): number =>
  generation === 2 ? block * 2 ** 24 + index : block * 2 ** 19 + index;

/** CAM value by which a thread answers for itself: P9 0x80 and 7 bits of the PIR. */
export const threadCam = (thread: number, generation: number): number =>
  generation === 2 ? 0x80 + (thread & 0x7f) : 0x80 + (thread & 0x7f);

const EXCEPTION = [NSR_EO, NSR_EO, NSR_HE.POOL, NSR_HE.PHYS] as const;

/** Creates the presenter over zeroed state. */
export function createPresenter({ state, cpprWithdraws, signalled, ambiguous }: PresenterInit): Presenter {
  const { threads } = state;
  /** Pool exceptions show in the physical ring. */
  const shownIn = (t: Thread, ring: number): Ring => t.rings.at(ring === RING.POOL ? RING.PHYS : ring);

  function setLine(t: Thread, ring: number, level: number): void {
    if (ring === RING.OS) t.osLine = level;
    else if (ring !== RING.USER) t.hvLine = level;
  }

  function signal(thread: number, ring: number): void {
    const t = threads.at(thread);
    const shown = shownIn(t, ring);
    if (t.rings.at(ring).pipr >= shown.cppr) return;
    shown.nsr |= EXCEPTION[ring] as number;
    setLine(t, ring, 1);
    signalled(thread, ring);
  }

  function recompute(thread: number, ring: number): void {
    const r = threads.at(thread).rings.at(ring);
    r.pipr = ipbToPipr(r.ipb);
    signal(thread, ring);
  }

  function withdraw(thread: number, ring: number): void {
    const t = threads.at(thread);
    shownIn(t, ring).nsr = 0;
    setLine(t, ring, 0);
  }

  function raise(thread: number, ring: number, priority: number): void {
    threads.at(thread).rings.at(ring).ipb |= priorityToIpb(priority);
    recompute(thread, ring);
  }

  /** Ring of a thread on which a CAM value is dispatched, -1 if none. */
  function match(thread: number, cam: number): number {
    const { rings } = threads.at(thread);
    const valid = (W2_VALID | cam) >>> 0;
    const phys = rings.at(RING.PHYS).w2;
    if ((phys & W2_VALID) !== 0 && threadCam(thread, state.generation) === cam) return RING.PHYS;
    if (rings.at(RING.POOL).w2 === valid) return RING.POOL;
    return rings.at(RING.OS).w2 === valid ? RING.OS : -1;
  }

  return {
    raise,
    recompute,
    withdraw,
    notify(end) {
      const cam = camOf(end.nvtBlock, end.nvtIndex, state.generation);
      let found = -1;
      let on = -1;
      for (let thread = 0; thread < threads.length; thread++) {
        const ring = match(thread, cam);
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
      const r = threads.at(thread).rings.at(ring);
      r.cppr = value > 7 ? NO_PRIORITY : value;
      if (cpprWithdraws && r.nsr !== 0 && r.pipr >= r.cppr) withdraw(thread, ring);
      signal(thread, ring);
    },
    acknowledge(thread, ring) {
      const t = threads.at(thread);
      const shown = t.rings.at(ring);
      const { nsr } = shown;
      setLine(t, ring, 0);
      if (nsr !== 0) {
        const from = ring === RING.PHYS && nsr === NSR_HE.POOL ? t.rings.at(RING.POOL) : shown;
        shown.cppr = from.pipr;
        from.ipb &= ~priorityToIpb(from.pipr);
        from.pipr = ipbToPipr(from.ipb);
        shown.nsr = 0;
      }
      return (nsr << 8) | shown.cppr;
    },
    threadOf(cam) {
      const valid = (W2_VALID | cam) >>> 0;
      for (let thread = 0; thread < threads.length; thread++)
        if (threads.at(thread).rings.at(RING.OS).w2 === valid) return thread;
      return -1;
    },
  };
}
