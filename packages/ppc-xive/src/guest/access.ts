// Loads and stores of a guest on its ESB pages and its TIMA: what is mapped now answers, without KVM or QEMU. Linux: book3s_xive_native.c xive_native_esb_fault; QEMU: hw/intc/spapr_xive_kvm.c.

import { ESB_INVALID } from '../hw/esb.ts';
import { TM_PAGE, type TmAccess } from '../hw/tima.ts';
import type { Context } from '../kvm/context.ts';
import { PFN } from '../kvm/layout.ts';
import { ESB_SHIFT, LISN, TM_BASE, VC_BASE } from '../spapr/codes.ts';
import type { SpaprPages } from '../spapr/pages.ts';
import type { Exits } from './exits.ts';
import type { VcpuRun } from './run.ts';

/** Accesses of one VM's guest. */
export interface GuestAccess {
  /** Load of 8 bytes from an ESB page: PQ, or {@link ESB_INVALID} for all ones. */
  esbLoad(vcpu: number, lisn: number, page: number, offset: number): number;
  esbStore(vcpu: number, lisn: number, page: number, offset: number): void;
  /** Load from the OS view of the TIMA; -1 is all ones. */
  timaLoad(vcpu: number, at: TmAccess): number;
  timaStore(vcpu: number, at: TmAccess, value: number): void;
  /** Any logical real address: the value, all ones where nothing answers. */
  load(vcpu: number, address: bigint, size: number): bigint;
  store(vcpu: number, address: bigint, size: number, value: bigint): void;
}

const PAGE_SHIFT = 16;
const ESB_END = VC_BASE + (BigInt(LISN.END) << BigInt(ESB_SHIFT));

/** Creates them. */
export function createGuestAccess(ctx: Context, run: VcpuRun, exits: Exits, pages: SpaprPages): GuestAccess {
  const { host, trace } = ctx;
  const { sources, tima } = host.xive;
  const value64 = { hi: 0, lo: 0 };

  /** Page frame behind a page of the controller: a fault makes it if there is none. 0 when the VM cannot have it. */
  function pfn(vcpu: number, page: number): number {
    const mapped = pages.mapped(page);
    if (mapped !== PFN.NONE || !pages.isThere(page)) return mapped;
    const faulted = exits.intercepted(vcpu, 'H_DATA_STORAGE', () => pages.fault(page));
    if (faulted === PFN.NONE && trace.on) trace.emit('kvm_run_failed', { vcpu, what: 'Bad address' });
    return faulted;
  }

  const esbPage = (lisn: number, page: number): number => pages.esb + lisn * 2 + page;

  /** A page that nothing backs is QEMU's to answer. */
  function unassigned(vcpu: number, what: string): void {
    exits.intercepted(vcpu, 'H_DATA_STORAGE', () => {
      if (trace.on) trace.emit('kvm_userspace_exit', { reason: `KVM_EXIT_MMIO (6) ${what}` });
    });
  }

  function esbLoad(vcpu: number, lisn: number, page: number, offset: number): number {
    const frame = pfn(vcpu, esbPage(lisn, page));
    if (frame !== PFN.NONE) return sources.load(PFN.sourceOf(frame), PFN.pageOf(frame), offset);
    unassigned(vcpu, 'load');
    return ESB_INVALID;
  }

  function esbStore(vcpu: number, lisn: number, page: number, offset: number): void {
    const frame = pfn(vcpu, esbPage(lisn, page));
    if (frame !== PFN.NONE) sources.store(PFN.sourceOf(frame), PFN.pageOf(frame), offset);
    else unassigned(vcpu, 'store');
  }

  function timaLoad(vcpu: number, at: TmAccess): number {
    if (pfn(vcpu, pages.tima + TM_PAGE.OS) !== PFN.NONE) return tima.load(run.thread(vcpu), TM_PAGE.OS, at);
    unassigned(vcpu, 'load');
    return -1;
  }

  function timaStore(vcpu: number, at: TmAccess, value: number): void {
    if (pfn(vcpu, pages.tima + TM_PAGE.OS) === PFN.NONE) return unassigned(vcpu, 'store');
    value64.hi = 0;
    value64.lo = value;
    return tima.store(run.thread(vcpu), TM_PAGE.OS, at, value64);
  }

  /** LISN, page and offset of an address of the ESB range; null for all others. */
  function esbAt(address: bigint): { lisn: number; page: number; offset: number } | null {
    if (address < VC_BASE || address >= ESB_END) return null;
    const within = Number(address - VC_BASE);
    const page = Math.floor(within / 2 ** PAGE_SHIFT);
    return { lisn: page >>> 1, page: page & 1, offset: within & 0xffff };
  }

  /** Offset in the OS page of the TIMA, -1 for all other addresses. */
  function timaAt(address: bigint): number {
    const within = address - TM_BASE - (BigInt(TM_PAGE.OS) << BigInt(PAGE_SHIFT));
    return within >= 0n && within < 0x10000n ? Number(within & 0xfffn) : -1;
  }

  const ones = (size: number): bigint => (1n << BigInt(size * 8)) - 1n;

  return {
    esbLoad,
    esbStore,
    timaLoad,
    timaStore,
    load(vcpu, address, size) {
      const esb = esbAt(address);
      if (esb !== null) {
        const value = esbLoad(vcpu, esb.lisn, esb.page, esb.offset);
        return value < 0 ? ones(size) : BigInt(value);
      }
      const offset = timaAt(address);
      if (offset < 0) {
        unassigned(vcpu, 'load');
        return ones(size);
      }
      const low = timaLoad(vcpu, { offset, size: size as TmAccess['size'] });
      if (low < 0) return ones(size);
      return size === 8 ? (BigInt(tima.hi) << 32n) | BigInt(low) : BigInt(low);
    },
    store(vcpu, address, size, value) {
      const esb = esbAt(address);
      if (esb !== null) return esbStore(vcpu, esb.lisn, esb.page, esb.offset);
      const offset = timaAt(address);
      if (offset < 0) return unassigned(vcpu, 'store');
      return timaStore(vcpu, { offset, size: size as TmAccess['size'] }, Number(value & 0xffffffffn));
    },
  };
}
