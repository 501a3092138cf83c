// PCI functions of the host: configuration space, the kernel's helpers over DisINTx, the pin and its line. Linux: drivers/pci/pci.c, drivers/pci/quirks.c.

import type { Host } from '../host/index.ts';
import type { PciFunction, PciState } from './layout.ts';
import { driveLine } from './pin.ts';
import { isMaskingBroken, type PciId } from './quirks.ts';
import { CONFIG, type ConfigContext, configBlock, INTX_DISABLE, INTX_STATUS, statusOf } from './registers.ts';

/** What a function is. */
export interface FunctionSpec {
  /** Linux irq its pin ends at; 0: none. */
  readonly hostIrq: number;
  /** 1 INTA … 4 INTD; 0: it has no pin. */
  readonly pin: number;
  /** Its place in the wired OR of its line. */
  readonly lineBit: number;
  readonly id?: PciId;
  /** DisINTx can be written and read back; default true. */
  readonly settable?: boolean;
  /** DisINTx silences the pin; default true. */
  readonly works?: boolean;
  /** STATUS never shows that it is pending; default false. */
  readonly lies?: boolean;
  /** On the list of broken functions although its id is not given. */
  readonly quirk?: boolean;
}

/** The functions. `i` is the index of one. */
export interface Pci {
  readonly state: PciState;
  /** Declares what function `i` is and enumerates it: the probe of DisINTx, then the quirks. */
  add(i: number, spec: FunctionSpec): void;
  /** A configuration cycle of 1, 2 or 4 bytes. */
  read(i: number, offset: number, size: number): number;
  write(i: number, offset: number, size: number, value: number): void;
  /** The function has something to say, or has been served. */
  assert(i: number): void;
  deassert(i: number): void;
  /** STATUS bit 3, as software sees it. */
  isPending(i: number): boolean;
  isMasked(i: number): boolean;
  /** pci_intx: sets or clears DisINTx without looking at STATUS. */
  intx(i: number, enable: boolean): void;
  /** pci_check_and_mask_intx: if the function is pending, sets DisINTx and returns true; otherwise writes nothing. */
  checkAndMask(i: number): boolean;
  /** pci_check_and_unmask_intx: if the function is pending, writes nothing and returns false; otherwise clears DisINTx. */
  checkAndUnmask(i: number): boolean;
  /** pci_intx_mask_supported. */
  maskSupported(i: number): boolean;
  /** MSI (1) or MSI-X (2) is enabled, or neither. */
  setMessage(i: number, message: number): void;
  /** pci_reset_function: nothing is pending any more. Abstraction: configuration space is saved before and restored behind it. */
  reset(i: number): void;
}

/**
 * Creates the functions. Abstraction: pci_lock makes each helper one step; what reads in one call and writes in another, user space
 * through sysfs or /proc, does so in two configuration cycles.
 */
export function createPci(state: PciState, host: Host): Pci {
  const contexts: ConfigContext[] = Array.from({ length: state.functions.length }, (_, i) => ({
    f: state.functions.at(i),
    host,
  }));
  const fn = (i: number): PciFunction => state.functions.at(i);
  const at = (i: number): ConfigContext => contexts[i] as ConfigContext;

  const pci: Pci = {
    state,
    add(i, spec) {
      const f = fn(i);
      f.hostIrq = spec.hostIrq;
      f.lineBit = spec.lineBit;
      f.pin = spec.pin;
      f.line = spec.hostIrq & 0xff;
      f.settable = spec.settable === false ? 0 : 1;
      f.works = spec.works === false ? 0 : 1;
      f.lies = spec.lies === true ? 1 : 0;
      const listed = spec.quirk === true || (spec.id !== undefined && isMaskingBroken(spec.id));
      f.broken = probe(pci, i) && !listed ? 0 : 1;
    },
    read: (i, offset, size) => configBlock.read(at(i), offset, size),
    write: (i, offset, size, value) => void configBlock.write(at(i), offset, size, value),
    assert(i) {
      fn(i).pending = 1;
      driveLine(host, fn(i));
    },
    deassert(i) {
      fn(i).pending = 0;
      driveLine(host, fn(i));
    },
    isPending: (i) => (statusOf(fn(i)) & INTX_STATUS) !== 0,
    isMasked: (i) => (fn(i).command & INTX_DISABLE) !== 0,
    intx(i, enable) {
      const { command } = fn(i);
      const next = enable ? command & ~INTX_DISABLE : command | INTX_DISABLE;
      if (next !== command) pci.write(i, CONFIG.COMMAND, 2, next);
    },
    checkAndMask(i) {
      if (!pci.isPending(i)) return false;
      pci.intx(i, false);
      return true;
    },
    checkAndUnmask(i) {
      if (pci.isPending(i)) return false;
      pci.intx(i, true);
      return true;
    },
    maskSupported: (i) => fn(i).broken === 0,
    setMessage(i, message) {
      fn(i).message = message;
      driveLine(host, fn(i));
    },
    reset(i) {
      fn(i).pending = fn(i).status = 0;
      driveLine(host, fn(i));
    },
  };
  return pci;
}

/** pci_intx_mask_broken: writes COMMAND with bit 10 inverted, reads it back, restores it. It does not find functions that keep the bit and ignore it. */
function probe(pci: Pci, i: number): boolean {
  const original = pci.read(i, CONFIG.COMMAND, 2);
  const toggled = original ^ INTX_DISABLE;
  pci.write(i, CONFIG.COMMAND, 2, toggled);
  const kept = pci.read(i, CONFIG.COMMAND, 2) === toggled;
  pci.write(i, CONFIG.COMMAND, 2, original);
  return kept;
}
