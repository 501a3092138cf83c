// How the guest's Linux works on a source: by loads and stores on its ESB pages, or by H_INT_ESB for an LSI. Linux: arch/powerpc/sysdev/xive/common.c xive_esb_read, xive_do_source_eoi, xive_do_source_set_mask; spapr.c.

import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { ESB_STORE } from '../spapr/codes.ts';
import type { GuestAccess } from './access.ts';
import type { Exits } from './exits.ts';
import type { GuestIrq } from './layout.ts';

/** What is needed of a source: struct xive_irq_data. */
export type EsbSource = Pick<GuestIrq, 'lisn' | 'lsi' | 'hIntEsb' | 'storeEoi' | 'savedP' | 'staleP'>;

/** Operations on sources; `cpu` is the CPU that does it. */
export interface LinuxEsb {
  /** xive_esb_read: the low byte. */
  read(cpu: number, s: EsbSource, offset: number): number;
  /** A store of 0 to the trigger page. */
  trigger(cpu: number, s: EsbSource): void;
  /** xive_do_source_eoi. */
  eoi(cpu: number, s: EsbSource): void;
  /** xive_do_source_set_mask. */
  mask(cpu: number, s: EsbSource): void;
  unmask(cpu: number, s: EsbSource): void;
  /** xive_irq_retrigger: PQ to 11, then an EOI. */
  retrigger(cpu: number, s: EsbSource): void;
}

/** Creates them. */
export function createLinuxEsb(access: GuestAccess, exits: Exits): LinuxEsb {
  function read(cpu: number, s: EsbSource, offset: number): number {
    const at = offset === ESB.SET_PQ_10 && s.storeEoi === 1 ? offset | ESB.LD_ST_MO : offset;
    if (s.hIntEsb === 0) return access.esbLoad(cpu, s.lisn, ESB_PAGE.MANAGEMENT, at) & 0xff;
    const { rc, out } = exits.hcall(cpu, 'H_INT_ESB', [0n, BigInt(s.lisn), BigInt(at), 0n]);
    return rc === 0 ? Number((out?.[0] ?? 0n) & 0xffn) : 0xff;
  }

  function storeEoi(cpu: number, s: EsbSource): void {
    if (s.hIntEsb === 0) access.esbStore(cpu, s.lisn, ESB_PAGE.MANAGEMENT, ESB.STORE_EOI);
    else exits.hcall(cpu, 'H_INT_ESB', [ESB_STORE, BigInt(s.lisn), BigInt(ESB.STORE_EOI), 0n]);
  }

  /** An LSI managed by hypercall has no trigger page. */
  const trigger = (cpu: number, s: EsbSource): void => {
    if (s.hIntEsb === 0) access.esbStore(cpu, s.lisn, ESB_PAGE.TRIGGER, 0);
  };

  function eoi(cpu: number, s: EsbSource): void {
    s.staleP = 0;
    if (s.storeEoi === 1) storeEoi(cpu, s);
    else if (s.lsi === 1) read(cpu, s, ESB.LOAD_EOI);
    else if ((read(cpu, s, ESB.SET_PQ_00) & 1) === 1) trigger(cpu, s);
  }

  return {
    read,
    trigger,
    eoi,
    mask(cpu, s) {
      const pq = read(cpu, s, ESB.SET_PQ_01);
      if (s.staleP === 0 && (pq & 2) !== 0) s.savedP = 1;
      s.staleP = 0;
    },
    // Q that the load returns is not looked at.
    unmask(cpu, s) {
      if (s.savedP === 1) {
        read(cpu, s, ESB.SET_PQ_10);
        s.savedP = 0;
      } else {
        read(cpu, s, ESB.SET_PQ_00);
        s.staleP = 0;
      }
    },
    retrigger(cpu, s) {
      read(cpu, s, ESB.SET_PQ_11);
      eoi(cpu, s);
    },
  };
}
