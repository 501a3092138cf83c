// VFIO devices: opening them, VFIO_DEVICE_SET_IRQS, what the physical function does, reset. Linux: drivers/vfio/pci, drivers/vfio/platform.

import type { Bypass } from '../bypass/index.ts';
import { EBUSY, EINVAL } from '../errors.ts';
import type { Trace } from '../events/index.ts';
import type { Host, Remapper } from '../host/index.ts';
import type { Eventfds } from '../kvm/index.ts';
import { CONFIG, createHostDrivers, INTX_DISABLE, type Pci } from '../pci/index.ts';
import type { Processes } from '../protocol/index.ts';
import { type DeviceSpec, irqOf, wireDevices } from './device-spec.ts';
import { createIntx, type Intx, VFIO_ACTION } from './intx.ts';
import { vfioIntxEnable } from './intx-enable.ts';
import { DEVICE_KIND, IRQ_TYPE, irqTypeOf, type VfioState } from './layout.ts';
import { createVfioMsi, type VfioMsi } from './msi.ts';
import { createPlatform, type Platform } from './platform.ts';
import { ACTION, DATA, INDEX, type SetIrqs, setIrqsError } from './set-irqs.ts';
import { exchange } from './trigger.ts';
import { createVirqfds, type Virqfds } from './virqfd.ts';

/** Physical and VFIO side of all devices. `device` is an index; errors are negative errno. */
export interface Vfio {
  readonly state: VfioState;
  readonly specs: readonly DeviceSpec[];
  readonly intx: Intx;
  readonly msi: VfioMsi;
  /**
   * A passed-through device is opened: VFIO decides how to mask it, and clears a DisINTx left set. A device of the host gets its driver.
   * 0 or negative errno.
   */
  open(device: number): number;
  /** Closes it: every interrupt is disabled. The function itself keeps asserting. */
  close(device: number): void;
  setIrqs(device: number, request: SetIrqs): number;
  /** VFIO_DEVICE_GET_IRQ_INFO: how many interrupts an index has. */
  irqCount(device: number, index: number): number;
  /** The function raises or drops its interrupt (STATUS bit 3, or the wired line). */
  assert(device: number): void;
  deassert(device: number): void;
  /** It does so now, masked or not. */
  asserts(device: number): boolean;
  /** COMMAND and STATUS as one dword, physical. */
  configDword(device: number): number;
  /** The guest writes COMMAND; bit 10 is virtual, other bits go through. */
  guestWriteCommand(device: number, value: number): void;
  /** Function-level reset: nothing is pending any more. */
  reset(device: number): void;
}

/** What {@link createVfio} needs. */
export interface VfioInit {
  readonly state: VfioState;
  readonly specs: readonly DeviceSpec[];
  readonly host: Host;
  readonly pci: Pci;
  /** vfio-pci.nointxmask: no device is masked with DisINTx, and the nointx list is not looked at. */
  readonly nointxmask?: boolean;
  readonly eventfds: Eventfds;
  readonly bypass: Bypass;
  readonly trace?: Trace;
  /** The host's IOMMU, if it has one that remaps interrupts. */
  remapper?(): Remapper | null;
  processes(): Processes<never>;
  /** Queues the deferred unmask of a device as a process. */
  defer(device: number): void;
}

/** First Linux irq given to MSI vectors; each device has 32. */
export const MSI_IRQ_BASE = 64;

/** vfio_pci_open_device: how INTx is going to be masked. */
function openPci({ state, pci, nointxmask }: VfioInit, i: number): void {
  const d = state.devices.at(i);
  const looks = nointxmask !== true;
  d.pci23 = looks && d.noIntx === 0 && pci.maskSupported(i) ? 1 : 0;
  if (looks && d.noIntx === 1) pci.intx(i, false);
  else if (d.pci23 === 1) pci.intx(i, true);
}

/** vfio_intx_enable, to its end: 0 or negative errno. */
const enableIntx = ({ processes }: VfioInit, device: number, trigger: number): number =>
  processes().call(vfioIntxEnable as never, { device, trigger } as never, (f) => 0 - (f['error'] as number));

/** The platform devices, as /proc/interrupts names their interrupts. */
const platformOf = ({ state, host, eventfds, specs }: VfioInit, virqfds: Virqfds): Platform =>
  createPlatform({
    ...{ state, host, eventfds, virqfds },
    kind: VFIO_ACTION.PLATFORM,
    name: (i) => `vfio-irq[${irqOf(specs[i] as DeviceSpec)}](${specs[i]?.name})`,
  });

/** Creates the devices and wires them to their lines. */
export function createVfio(init: VfioInit): Vfio {
  const { state, specs, host, pci, eventfds, bypass } = init;
  const spec = (i: number): DeviceSpec => specs[i] as DeviceSpec;
  const intx = createIntx({ state, host, pci, eventfds, name: (i) => `vfio-intx(${spec(i).name})` });
  const virqfds = createVirqfds(state, eventfds, init.defer);
  const platform = platformOf(init, virqfds);
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
  host.onAction(VFIO_ACTION.PLATFORM, platform.action);

  const drivers = createHostDrivers(pci, host, (i) => spec(i).name);
  wireDevices(state, specs, { host, pci });

  /** MSI or MSI-X enabled in the function, as VFIO left it: INTx is silent meanwhile. */
  const followMode = (i: number): void => {
    const { irqType, kind } = state.devices.at(i);
    if (kind === DEVICE_KIND.PCI) pci.setMessage(i, irqType < IRQ_TYPE.MSI ? 0 : irqType - 1);
  };

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
    if (d.irqType !== IRQ_TYPE.INTX) return fd < 0 ? 0 : enableIntx(init, i, fd);
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
      followMode(i);
      if (d.noIntx === 1) pci.intx(i, false);
      return 0;
    }
    if (data === DATA.EVENTFD) {
      const ret = msi.setBlock(i, r.index, r.start, r.data);
      followMode(i);
      return ret;
    }
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
      if (d.owned === 1) return -EBUSY;
      if (d.kind === DEVICE_KIND.PLATFORM && d.opened === 0) platform.open(i);
      d.opened = 1;
      if (d.kind === DEVICE_KIND.PCI) openPci(init, i);
      return d.kind === DEVICE_KIND.HOST ? drivers.bind(i, spec(i).exclusive === true) : 0;
    },
    close(i) {
      const d = state.devices.at(i);
      if (d.kind === DEVICE_KIND.HOST) drivers.unbind(i);
      virqfds.remove(i);
      if (d.kind === DEVICE_KIND.PLATFORM) platform.close(i);
      else intx.disable(i);
      msi.disable(i);
      followMode(i);
      d.opened = 0;
      d.virqDisabled = 0;
    },
    setIrqs(i, r) {
      const error = setIrqsError(r, this.irqCount(i, r.index));
      if (error !== 0) return error;
      if (state.devices.at(i).kind === DEVICE_KIND.PLATFORM)
        return r.index === INDEX.INTX ? platform.setIrqs(i, r) : -EINVAL;
      const action = r.flags & 56;
      if (r.index === INDEX.INTX)
        return action === ACTION.TRIGGER ? intxTrigger(i, r) : intxMask(i, r, action === ACTION.UNMASK);
      return r.index <= INDEX.MSIX ? msiTrigger(i, r) : singleTrigger(i, r);
    },
    irqCount(i, index) {
      const s = spec(i);
      const d = state.devices.at(i);
      const counts = [
        d.hostIrq === 0 || (d.noIntx === 1 && init.nointxmask !== true) ? 0 : 1,
        s.msi ?? 0,
        s.msix ?? 0,
        1,
        1,
      ];
      return counts[index] ?? 0;
    },
    assert(i) {
      const d = state.devices.at(i);
      if (d.kind !== DEVICE_KIND.PLATFORM) return pci.assert(i);
      d.asserts = 1;
      if (d.edge === 1) host.edge(d.hostIrq);
      else if (d.hostIrq !== 0) host.setLevel(d.hostIrq, d.lineBit, 1);
    },
    deassert(i) {
      const d = state.devices.at(i);
      if (d.kind !== DEVICE_KIND.PLATFORM) return pci.deassert(i);
      d.asserts = 0;
      if (d.edge === 0 && d.hostIrq !== 0) host.setLevel(d.hostIrq, d.lineBit, 0);
    },
    asserts(i) {
      const d = state.devices.at(i);
      return (d.kind === DEVICE_KIND.PLATFORM ? d.asserts : pci.state.functions.at(i).pending) === 1;
    },
    configDword: (i) => pci.read(i, CONFIG.COMMAND, 4),
    guestWriteCommand(i, value) {
      const d = state.devices.at(i);
      if (d.kind === DEVICE_KIND.PLATFORM) return;
      const now = d.virqDisabled === 1;
      const next = (value & INTX_DISABLE) !== 0;
      const own = pci.read(i, CONFIG.COMMAND, 2) & INTX_DISABLE;
      pci.write(i, CONFIG.COMMAND, 2, own | (value & ~INTX_DISABLE));
      if (now !== next) intx.guestDisIntx(i, next);
    },
    reset(i) {
      if (state.devices.at(i).kind === DEVICE_KIND.PLATFORM) vfio.deassert(i);
      else pci.reset(i);
    },
  };
  return vfio;
}
