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
  readonly profile: Pick<HardwareProfile, 'cpprWithdraws' | 'presentsPool' | 'groups'>;
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

/** The rings of a thread that take part, bound once. */
interface Context {
  readonly thread: Thread;
  readonly os: Ring;
  readonly pool: Ring;
  readonly phys: Ring;
}

const contextOf = (thread: Thread): Context => ({
  thread,
  os: thread.rings.at(RING.OS),
  pool: thread.rings.at(RING.POOL),
  phys: thread.rings.at(RING.PHYS),
});

/** Creates the presenter over zeroed state. */
export function createPresenter({ state, profile, signalled, ambiguous }: PresenterInit): Presenter {
  const contexts = Array.from({ length: state.threads.length }, (_, i) => contextOf(state.threads.at(i)));
  const { cpprWithdraws, presentsPool } = profile;
  const { generation } = state;
  const compared = comparedBits(generation);
  const knowsGroups = profile.groups.includes(generation);
  const at = (thread: number): Context => contexts[thread] as Context;

  /** The OS exception shows in NSR and on the line if PIPR lets it. */
  function signalOs(thread: number, { os, thread: t }: Context, pipr: number): void {
    const { nsr } = os;
    if (pipr < os.cppr) {
      if ((nsr & NSR_EO) === 0) os.nsr = nsr | NSR_EO;
      if (t.osLine === 1) return;
      t.osLine = 1;
      signalled(thread, RING.OS);
    } else if (cpprWithdraws) {
      os.nsr = nsr & ~NSR_EO;
      t.osLine = 0;
    }
  }

  /** The same for the hypervisor's exception, which says for whom it is. */
  function signalPhysical(thread: number, { phys, thread: t }: Context, exception: number): void {
    const others = phys.nsr & ~NSR_HE.LSI;
    if (phys.pipr < phys.cppr) {
      phys.nsr = others | exception;
      if (t.hvLine === 1) return;
      t.hvLine = 1;
      signalled(thread, RING.PHYS);
    } else if (cpprWithdraws) {
      phys.nsr = others;
      t.hvLine = 0;
    }
  }

  /** PIPR of the physical ring, which is also the pool's; returns whose exception is the more favoured. */
  function updatePhysical({ phys, pool }: Context): number {
    const own = ipbToPipr(phys.ipb);
    const pools = presentsPool && (pool.w2 & W2_VALID) !== 0 ? ipbToPipr(pool.ipb) : NO_PRIORITY;
    phys.pipr = Math.min(pools, own);
    return pools < own ? NSR_HE.POOL : NSR_HE.PHYS;
  }

  function recompute(thread: number, ring: number): void {
    const c = at(thread);
    if (ring === RING.OS) signalOs(thread, c, updateOs(c.os, c.os.ipb));
    else if (ring === RING.PHYS || presentsPool) signalPhysical(thread, c, updatePhysical(c));
  }

  function raise(thread: number, ring: number, priority: number): void {
    const c = at(thread);
    const bit = priorityToIpb(priority);
    if (ring === RING.OS) {
      const ipb = c.os.ipb | bit;
      c.os.ipb = ipb;
      signalOs(thread, c, updateOs(c.os, ipb));
      return;
    }
    const r = c.thread.rings.at(ring);
    r.ipb |= bit;
    recompute(thread, ring);
  }

  function acknowledgeOs({ os, thread: t }: Context): number {
    const { nsr } = os;
    t.osLine = 0;
    if ((nsr & NSR_EO) === 0) return (nsr << 8) | os.cppr;
    const { pipr } = os;
    const ipb = os.ipb & ~priorityToIpb(pipr);
    os.cppr = pipr;
    os.ipb = ipb;
    os.nsr = nsr & ~NSR_EO;
    updateOs(os, ipb);
    return (nsr << 8) | pipr;
  }

  function acknowledgePhysical(c: Context): number {
    const { nsr, pipr } = c.phys;
    c.thread.hvLine = 0;
    if ((nsr & NSR_HE.LSI) === 0) return (nsr << 8) | c.phys.cppr;
    const from = (nsr & NSR_HE.LSI) === NSR_HE.POOL ? c.pool : c.phys;
    from.ipb &= ~priorityToIpb(pipr);
    c.phys.cppr = pipr;
    c.phys.nsr = nsr & ~NSR_HE.LSI;
    updatePhysical(c);
    return (nsr << 8) | pipr;
  }

  /** Ring of a thread on which a CAM value is dispatched, -1 if none. */
  function match({ os, pool, phys, thread: t }: Context, cam: number): number {
    const valid = W2_VALID | cam | 0;
    if ((phys.w2 & W2_VALID) !== 0 && threadCam(t.pir) === cam) return RING.PHYS;
    if ((pool.w2 & compared) === valid) return RING.POOL;
    return (os.w2 & compared) === valid ? RING.OS : -1;
  }

  return {
    raise,
    recompute,
    notify(end) {
      if (knowsGroups && end.ignore === 1) return false;
      const cam = camOf(end.nvtBlock, end.nvtIndex, generation);
      let found = -1;
      let on = -1;
      for (let thread = 0; thread < contexts.length; thread++) {
        const ring = match(at(thread), cam);
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
      const c = at(thread);
      const r = ring === RING.OS ? c.os : c.phys;
      r.cppr = value > 7 ? NO_PRIORITY : value;
      if (cpprWithdraws) recompute(thread, ring);
      else if (ring === RING.OS) signalOs(thread, c, r.pipr);
      else signalPhysical(thread, c, NSR_HE.PHYS);
    },
    acknowledge: (thread, ring) => (ring === RING.OS ? acknowledgeOs(at(thread)) : acknowledgePhysical(at(thread))),
    lower(thread, ring) {
      if (ring === RING.OS) at(thread).thread.osLine = 0;
      else at(thread).thread.hvLine = 0;
    },
    threadOf: (cam) => contexts.findIndex(({ os }) => (os.w2 & compared) === (W2_VALID | cam | 0)),
  };
}

/** PIPR of an OS ring follows its IPB. */
function updateOs(os: Ring, ipb: number): number {
  const pipr = ipbToPipr(ipb);
  os.pipr = pipr;
  return pipr;
}
