// VFIO devices: opening them, VFIO_DEVICE_SET_IRQS, what the physical function does, reset. Linux: drivers/vfio/pci, drivers/vfio/platform.

import type { Bypass } from '../bypass/index.ts';
import { EINVAL } from '../errors.ts';
import type { Trace } from '../events/index.ts';
import { FLOW, type Host, type Remapper } from '../host/index.ts';
import type { Eventfds } from '../kvm/index.ts';
import { createIntx, type Intx, VFIO_ACTION } from './intx.ts';
import { DEVICE_KIND, IRQ_TYPE, irqTypeOf, type VfioState } from './layout.ts';
import { createVfioMsi, type VfioMsi } from './msi.ts';
import { driveLine, INTX_DISABLE, INTX_STATUS, maskSupported, setDisIntx } from './pci-config.ts';
import { ACTION, DATA, INDEX, type SetIrqs, setIrqsError } from './set-irqs.ts';
import { exchange } from './trigger.ts';
import { createVirqfds } from './virqfd.ts';

/** A device as a scenario or test declares it. */
export interface DeviceSpec {
  readonly name: string;
  readonly kind: 'pci' | 'platform';
  /** Linux irq of its INTx or wired interrupt; 0 or absent: none. */
  readonly hostIrq?: number;
  /** Platform only: edge-triggered. */
  readonly edge?: boolean;
  /** DisINTx can be written and read back; default true. */
  readonly disIntxWritable?: boolean;
  /** On the broken-INTx quirk list; default false. */
  readonly quirk?: boolean;
  /** DisINTx really silences the pin; default true (a device that lies: false). */
  readonly disIntxWorks?: boolean;
  /** On VFIO's nointx list. */
  readonly noIntx?: boolean;
  /** MSI vectors, a power of two ≤ 32; MSI-X table size ≤ 32. */
  readonly msi?: number;
  readonly msix?: number;
  /** Vectors the host can give; default all. */
  readonly vectorsAvailable?: number;
}

/** Physical and VFIO side of all devices. `device` is an index; errors are negative errno. */
export interface Vfio {
  readonly state: VfioState;
  readonly specs: readonly DeviceSpec[];
  readonly intx: Intx;
  readonly msi: VfioMsi;
  /** Opens the device: probes DisINTx, clears one left set. */
  open(device: number): void;
  /** Closes it: every interrupt is disabled. The function itself keeps asserting. */
  close(device: number): void;
  setIrqs(device: number, request: SetIrqs): number;
  /** VFIO_DEVICE_GET_IRQ_INFO: how many interrupts an index has. */
  irqCount(device: number, index: number): number;
  /** The function raises or drops its interrupt (STATUS bit 3, or the wired line). */
  assert(device: number): void;
  deassert(device: number): void;
  /** COMMAND and STATUS as one dword, physical. */
  configDword(device: number): number;
  /** The guest writes COMMAND; bit 10 is virtual, other bits go through. */
  guestWriteCommand(device: number, value: number): void;
  /** Function-level reset: pending interrupt and DisINTx gone. */
  reset(device: number): void;
}

/** What {@link createVfio} needs. */
export interface VfioInit {
  readonly state: VfioState;
  readonly specs: readonly DeviceSpec[];
  readonly host: Host;
  readonly eventfds: Eventfds;
  readonly bypass: Bypass;
  readonly trace?: Trace;
  /** The host's IOMMU, if it has one that remaps interrupts. */
  remapper?(): Remapper | null;
  /** Queues the deferred unmask of a device as a process. */
  defer(device: number): void;
}

/** First Linux irq given to MSI vectors; each device has 32. */
export const MSI_IRQ_BASE = 64;

/** Takes over what the devices are, and gives each its place in the wired OR of its line. */
function wireDevices(state: VfioState, specs: readonly DeviceSpec[], host: Host): void {
  for (const [i, s] of specs.entries()) {
    const d = state.devices.at(i);
    d.kind = s.kind === 'pci' ? DEVICE_KIND.PCI : DEVICE_KIND.PLATFORM;
    d.edge = s.edge === true ? 1 : 0;
    d.disIntxWorks = s.disIntxWorks === false ? 0 : 1;
    d.noIntx = s.noIntx === true ? 1 : 0;
    d.hostIrq = s.hostIrq ?? 0;
    d.lineBit = specs.slice(0, i).filter((other) => (other.hostIrq ?? 0) === d.hostIrq).length;
    if (d.hostIrq !== 0 && d.lineBit === 0) host.addLine(d.hostIrq, d.edge === 1 ? FLOW.EDGE : FLOW.FASTEOI);
  }
}

/** Creates the devices and wires them to their lines. */
export function createVfio(init: VfioInit): Vfio {
  const { state, specs, host, eventfds, bypass } = init;
  const spec = (i: number): DeviceSpec => specs[i] as DeviceSpec;
  const name = (i: number): string => `vfio-${spec(i).kind === 'pci' ? 'intx' : 'platform'}(${spec(i).name})`;
  const intx = createIntx({ state, host, eventfds, name });
  const virqfds = createVirqfds(state, eventfds, init.defer);
  const vectorsOf = (i: number): number => Math.max(spec(i).msix ?? 0, spec(i).msi ?? 0);
  const msi = createVfioMsi({
    state,
    host,
    eventfds,
    bypass,
    available: (i) => spec(i).vectorsAvailable ?? vectorsOf(i),
    irqOf: (i, vector) => MSI_IRQ_BASE + i * 32 + vector,
    remapper: () => init.remapper?.() ?? null,
    handled: (i, vector) => init.trace?.on === true && handled(i, vector),
  });
  /** The handler that /proc/interrupts shows for a vector. */
  function handled(i: number, vector: number): void {
    const { irqType, vectors } = state.devices.at(i);
    const irq = vectors.at(vector).hostIrq;
    init.trace?.emit('irq_handler_entry', {
      irq,
      name: `vfio-msi${irqType === IRQ_TYPE.MSIX ? 'x' : ''}[${vector}](${spec(i).name})`,
    });
    init.trace?.emit('irq_handler_exit', { irq, handled: 1 });
  }
  host.onAction(VFIO_ACTION.INTX, intx.action);
  host.onAction(VFIO_ACTION.PLATFORM, intx.action);

  wireDevices(state, specs, host);

  function intxTrigger(i: number, r: SetIrqs): number {
    const d = state.devices.at(i);
    const data = r.flags & 7;
    if (data === DATA.NONE && r.count === 0) {
      virqfds.remove(i);
      intx.disable(i);
      return 0;
    }
    if (r.start !== 0 || r.count !== 1) return -EINVAL;
    if (data === DATA.EVENTFD) return setTrigger(i, r.data[0] as number);
    if (d.irqType !== IRQ_TYPE.INTX) return -EINVAL;
    if ((data === DATA.NONE || r.data[0] === 1) && d.virqDisabled === 0 && d.trigger !== 0) eventfds.signal(d.trigger);
    return 0;
  }

  /** A new trigger is a pointer store; the first one requests the irq. */
  function setTrigger(i: number, fd: number): number {
    const d = state.devices.at(i);
    const error = fd < 0 ? 0 : eventfds.check(fd);
    if (error !== 0) return error;
    if (d.irqType !== IRQ_TYPE.INTX) return fd < 0 ? 0 : intx.enable(i, fd);
    d.trigger = exchange(eventfds, d.trigger, Math.max(0, fd));
    return 0;
  }

  function intxMask(i: number, r: SetIrqs, unmask: boolean): number {
    const d = state.devices.at(i);
    if (d.irqType !== IRQ_TYPE.INTX || r.start !== 0 || r.count !== 1) return -EINVAL;
    const data = r.flags & 7;
    if (data === DATA.EVENTFD) {
      const fd = r.data[0] as number;
      if (fd >= 0) return virqfds.install(i, fd);
      virqfds.remove(i);
      return 0;
    }
    if (data === DATA.BOOL && r.data[0] !== 1) return 0;
    if (unmask) intx.unmask(i);
    else intx.mask(i);
    return 0;
  }

  function msiTrigger(i: number, r: SetIrqs): number {
    const d = state.devices.at(i);
    const data = r.flags & 7;
    if (data === DATA.NONE && r.count === 0) {
      if (d.irqType === irqTypeOf(r.index)) msi.disable(i);
      return 0;
    }
    if (data === DATA.EVENTFD) return msi.setBlock(i, r.index, r.start, r.data);
    if (d.irqType !== irqTypeOf(r.index)) return -EINVAL;
    for (let n = 0; n < r.count; n++) if (data === DATA.NONE || r.data[n] === 1) msi.raise(i, r.start + n);
    return 0;
  }

  /** ERR and REQ: one eventfd each, signalled by the host. */
  function singleTrigger(i: number, r: SetIrqs): number {
    const d = state.devices.at(i);
    const field = r.index === INDEX.ERR ? 'err' : 'req';
    const data = r.flags & 7;
    if (data === DATA.EVENTFD) {
      const fd = r.data[0] as number;
      const error = fd < 0 ? 0 : eventfds.check(fd);
      if (error === 0) d[field] = exchange(eventfds, d[field], Math.max(0, fd));
      return error;
    }
    if (r.count === 0) d[field] = exchange(eventfds, d[field], 0);
    else if ((data === DATA.NONE || r.data[0] === 1) && d[field] !== 0) eventfds.signal(d[field]);
    return 0;
  }

  const vfio: Vfio = {
    state,
    specs,
    intx,
    msi,
    open(i) {
      const d = state.devices.at(i);
      const s = spec(i);
      d.opened = 1;
      if (d.kind !== DEVICE_KIND.PCI) return;
      d.pci23 =
        maskSupported({ disIntxWritable: s.disIntxWritable !== false, quirk: s.quirk === true }) && d.noIntx === 0
          ? 1
          : 0;
      if (d.noIntx === 1) setDisIntx(host, d, true);
      else if (d.pci23 === 1) setDisIntx(host, d, false);
    },
    close(i) {
      const d = state.devices.at(i);
      virqfds.remove(i);
      intx.disable(i);
      msi.disable(i);
      d.opened = 0;
      d.virqDisabled = 0;
    },
    setIrqs(i, r) {
      const error = setIrqsError(r, this.irqCount(i, r.index));
      if (error !== 0) return error;
      const action = r.flags & 56;
      if (r.index === INDEX.INTX)
        return action === ACTION.TRIGGER ? intxTrigger(i, r) : intxMask(i, r, action === ACTION.UNMASK);
      return r.index <= INDEX.MSIX ? msiTrigger(i, r) : singleTrigger(i, r);
    },
    irqCount(i, index) {
      const s = spec(i);
      const d = state.devices.at(i);
      const counts = [d.hostIrq === 0 || d.noIntx === 1 ? 0 : 1, s.msi ?? 0, s.msix ?? 0, 1, 1];
      return counts[index] ?? 0;
    },
    assert(i) {
      const d = state.devices.at(i);
      d.intxPending = 1;
      if (d.edge === 1) host.edge(d.hostIrq);
      else driveLine(host, d);
    },
    deassert(i) {
      const d = state.devices.at(i);
      d.intxPending = 0;
      if (d.edge === 0) driveLine(host, d);
    },
    configDword(i) {
      const d = state.devices.at(i);
      return d.command | (d.intxPending === 1 ? INTX_STATUS << 16 : 0);
    },
    guestWriteCommand(i, value) {
      const d = state.devices.at(i);
      const now = d.virqDisabled === 1;
      const next = (value & INTX_DISABLE) !== 0;
      d.command = (d.command & INTX_DISABLE) | (value & 0xffff & ~INTX_DISABLE);
      if (now !== next) intx.guestDisIntx(i, next);
    },
    reset(i) {
      const d = state.devices.at(i);
      d.intxPending = 0;
      d.command &= INTX_DISABLE;
      driveLine(host, d);
    },
  };
  return vfio;
}
