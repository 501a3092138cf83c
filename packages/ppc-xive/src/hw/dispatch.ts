// Which virtual target runs on a thread: push puts its context on the OS ring, pull takes it off. QEMU: hw/intc/xive.c xive_tm_{push,pull}_os_ctx; P10: hw/intc/xive2.c xive2_tm_{push,pull}_ctx.

import type { Nvt, Ring, Thread, XiveState } from './layout.ts';
import { type Presenter, RING, W2_HARDWARE, W2_VALID } from './presenter.ts';
import type { HardwareProfile } from './profile.ts';

/** Push and pull. */
export interface Dispatch {
  /** Puts a virtual target on a thread: a store of word 2 to the OS ring. Its backlog joins the ring. */
  pushOs(thread: number, w2: number): void;
  /** Takes it off; returns the old word 2. */
  pullOs(thread: number): number;
  pullPool(thread: number): number;
}

/** Creates them. */
export function createDispatch(
  state: XiveState,
  presenter: Presenter,
  { presentsPool }: Pick<HardwareProfile, 'presentsPool'>,
): Dispatch {
  const { threads, nvts } = state;

  const nvtOf = (w2: number): Nvt | null => {
    const index = w2 & (state.generation === 2 ? 0xffffff : 0x7ffff);
    return index < nvts.length ? nvts.at(index) : null;
  };

  const isHardwares = (w2: number, nvt: Nvt): boolean =>
    state.generation === 2 && (w2 & W2_HARDWARE) !== 0 && nvt.saveRestore === 1;

  /** P10 check-out. IPB is the target's alone: what another one left on the ring does not count (QEMU adds to it). */
  function checkOut(t: Thread, ring: Ring, nvt: Nvt): void {
    ring.cppr = nvt.cppr;
    ring.lsmfb = nvt.lsmfb;
    ring.ipb = 0;
    nvt.cppr = 0;
    nvt.checkedOut = 1;
    nvt.thread = t.pir;
  }

  /** P10 check-in; a target that is checked out elsewhere is left alone. */
  function checkIn(t: Thread, ring: Ring, nvt: Nvt): void {
    if (nvt.valid === 0 || nvt.checkedOut === 0 || nvt.thread !== t.pir) return;
    nvt.ipb = ring.ipb;
    nvt.cppr = ring.cppr;
    nvt.lsmfb = ring.lsmfb;
    nvt.checkedOut = 0;
  }

  function clearValid(r: Ring): number {
    const old = r.w2;
    r.w2 = (old & ~W2_VALID) >>> 0;
    return old;
  }

  return {
    pushOs(thread, w2) {
      const t = threads.at(thread);
      const ring = t.rings.at(RING.OS);
      ring.w2 = w2 >>> 0;
      const nvt = (w2 & W2_VALID) === 0 ? null : nvtOf(w2);
      if (nvt === null || (state.generation === 2 && nvt.valid === 0)) return;
      if (isHardwares(w2, nvt)) checkOut(t, ring, nvt);
      ring.ipb |= nvt.ipb;
      nvt.ipb = 0;
      presenter.recompute(thread, RING.OS);
    },
    pullOs(thread) {
      const t = threads.at(thread);
      const ring = t.rings.at(RING.OS);
      const old = clearValid(ring);
      const nvt = (old & W2_VALID) === 0 ? null : nvtOf(old);
      if (nvt !== null && isHardwares(old, nvt)) checkIn(t, ring, nvt);
      presenter.lower(thread, RING.OS);
      return old;
    },
    pullPool(thread) {
      const old = clearValid(threads.at(thread).rings.at(RING.POOL));
      if (!presentsPool) return old;
      presenter.lower(thread, RING.OS);
      presenter.recompute(thread, RING.PHYS);
      return old;
    },
  };
}
