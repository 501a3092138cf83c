// Virtual pending and configuration tables, and what a redistributor makes of them for the vPE that is resident. Arm IHI 0069 5.1 (GICv4), 5.4 (GICv4.1 virtual SGIs).

import type { Direct } from '../lr/layout.ts';
import type { GicState, VLpi, Vpe, VSgi } from './gic-layout.ts';

/** Tables of all vPEs. A vPE is an index, a vLPI a handle. */
export interface VirtualLpis {
  at(vlpi: number): VLpi;
  /** The vLPI of a vPE, made if the table has none; one more event leads to it. 0 without room. */
  map(vpe: number, intid: number): number;
  /** One event less. DISCARD: what was pending is so no longer. */
  unmap(vlpi: number): void;
  /** VMOVI: configuration and pending state go to the other vPE. The handle there. */
  move(vlpi: number, vpe: number): number;
  /** VINT, VCLEAR, or an event. */
  setPending(vlpi: number, level: number): void;
  /** A configuration byte, and VINV. */
  configure(vlpi: number, byte: number): void;
  /** VSGI and GITS_SGIR: configuration and pending state of a virtual SGI. */
  setSgi(vpe: number, sgi: number, what: Partial<VSgi>): void;
  /** What is pending and enabled of a vPE, in no order. */
  hasPending(vpe: number): boolean;
  /** Evaluates anew what the CPU interface is told. */
  present(vpe: number): void;
  /** The CPU interface has taken what was presented. */
  activated(vpe: number): void;
}

/** What the tables ask of the rest of the host. */
export interface TableOptions {
  readonly state: GicState;
  /** The CPU interface that the vPE's VM runs the vCPU with. */
  direct(vpe: number): Direct;
  /** A vPE that is not resident has something new; `wanted`: the vLPI was mapped with a doorbell. */
  ring(vpe: number, wanted: boolean): void;
}

/** Creates them. Abstraction: a changed configuration is seen at once, also without an invalidation. */
export function createVirtualLpis({ state, direct, ring }: TableOptions): VirtualLpis {
  const { vlpis, vpes } = state;

  function find(vpe: number, intid: number): number {
    for (let i = vlpis.next(0); i >= 0; i = vlpis.next(i + 1))
      if (vlpis.slot(i).vpe === vpe && vlpis.slot(i).intid === intid) return vlpis.handleOf(i);
    return 0;
  }

  function offer(vpe: number, intid: number, priority: number): void {
    const d = direct(vpe);
    if (d.pending === 1 && d.priority <= priority) return;
    d.pending = 1;
    d.intid = intid;
    d.priority = priority;
    d.group = 1;
  }

  function offerSgis(vpe: number, { sgis, group1 }: Vpe): void {
    for (let sgi = 0; sgi < sgis.length; sgi++) {
      const s = sgis.at(sgi);
      if (s.pending === 1 && s.enabled === 1 && s.group === 1 && group1 === 1) offer(vpe, sgi, s.priority);
    }
  }

  function offerLpis(vpe: number): void {
    for (let i = vlpis.next(0); i >= 0; i = vlpis.next(i + 1)) {
      const v = vlpis.slot(i);
      if (v.vpe !== vpe || v.pending === 0 || v.enabled === 0) continue;
      offer(vpe, v.intid, v.priority);
    }
  }

  function present(vpe: number): void {
    const v = vpes.at(vpe);
    direct(vpe).pending = 0;
    if (v.valid === 0) return;
    offerSgis(vpe, v);
    if (v.group1 === 1) offerLpis(vpe);
  }

  /** Something of the vPE has changed; `risen`: it is pending and enabled since now. */
  function follow(vpe: number, risen: boolean, wanted: boolean): void {
    if (vpes.at(vpe).valid === 1) present(vpe);
    else if (risen) ring(vpe, wanted);
  }

  function setPending(vlpi: number, level: number): void {
    const v = vlpis.at(vlpi);
    const risen = level === 1 && v.pending === 0 && v.enabled === 1;
    v.pending = level;
    follow(v.vpe, risen, v.doorbell === 1);
  }

  function map(vpe: number, intid: number): number {
    const found = find(vpe, intid);
    const vlpi = found === 0 ? vlpis.alloc() : found;
    if (vlpi === 0) return 0;
    const v = vlpis.at(vlpi);
    v.vpe = vpe;
    v.intid = intid;
    v.events++;
    return vlpi;
  }

  function unmap(vlpi: number): void {
    const v = vlpis.at(vlpi);
    setPending(vlpi, 0);
    v.events--;
    if (v.events === 0) vlpis.free(vlpi);
  }

  function hasPending(vpe: number): boolean {
    for (let i = vlpis.next(0); i >= 0; i = vlpis.next(i + 1)) {
      const v = vlpis.slot(i);
      if (v.vpe === vpe && v.pending === 1 && v.enabled === 1) return true;
    }
    const { sgis } = vpes.at(vpe);
    for (let sgi = 0; sgi < sgis.length; sgi++)
      if (sgis.at(sgi).pending === 1 && sgis.at(sgi).enabled === 1) return true;
    return false;
  }

  return {
    at: (vlpi) => vlpis.at(vlpi),
    map,
    unmap,
    move(vlpi, vpe) {
      const v = vlpis.at(vlpi);
      if (v.vpe === vpe) return vlpi;
      const { pending, priority, enabled, doorbell } = v;
      const to = map(vpe, v.intid);
      if (to === 0) return vlpi;
      Object.assign(vlpis.at(to), { priority, enabled, doorbell });
      unmap(vlpi);
      if (pending === 1) setPending(to, 1);
      return to;
    },
    setPending,
    configure(vlpi, byte) {
      const v = vlpis.at(vlpi);
      const risen = v.enabled === 0 && (byte & 1) === 1 && v.pending === 1;
      v.priority = byte & 0xfc;
      v.enabled = byte & 1;
      follow(v.vpe, risen, v.doorbell === 1);
    },
    setSgi(vpe, sgi, what) {
      const s = vpes.at(vpe).sgis.at(sgi);
      const was = s.pending & s.enabled;
      Object.assign(s, what);
      follow(vpe, was === 0 && (s.pending & s.enabled) === 1, true);
    },
    hasPending,
    present,
    activated(vpe) {
      const { intid } = direct(vpe);
      if (intid < vpes.at(vpe).sgis.length) vpes.at(vpe).sgis.at(intid).pending = 0;
      else {
        const vlpi = find(vpe, intid);
        if (vlpi !== 0) vlpis.at(vlpi).pending = 0;
      }
      present(vpe);
    },
  };
}
