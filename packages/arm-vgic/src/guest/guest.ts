// A Linux guest: boots on its vCPUs, requests interrupts, takes and ends them. What it does to a controller are accesses of its own.

import { EBUSY, EINVAL, ENODEV, ENOSPC } from '@virq/irq-core/errors';
import type { Trace } from '@virq/irq-core/events';
import { INTID } from '../irq/layout.ts';
import type { GuestAccess } from './access-types.ts';
import { type GicDriver, type IrqchipState, SPECIAL } from './driver.ts';
import { GICD } from './gic-common.ts';
import { createGuestIrqs, type GuestIrqs } from './irqs.ts';
import { GUEST_GIC, type GuestIrq, type GuestState } from './layout.ts';
import { createLinuxGic } from './linux-gic.ts';
import { createLinuxGicV3 } from './linux-gicv3.ts';
import { createLinuxIts, type LinuxIts } from './linux-its.ts';

/** SGIs that Linux uses, and enables on each CPU. */
const IPIS = 8;

/** Where the device tree says that things are. */
export interface DeviceTree {
  /** Version of the GIC, 0 if there is none. */
  readonly gic: () => number;
  readonly dist: () => number;
  readonly cpuInterface: () => number;
  /** First redistributor of each region. */
  readonly redistributors: () => readonly number[];
  readonly itsCount: () => number;
  readonly its: (its: number) => number;
  /** Affinity of a CPU, as MPIDR_EL1 has it. */
  readonly affinity: (cpu: number) => number;
}

/** How it boots. */
export interface BootOptions {
  readonly eoimode: number;
  /** Firmware before Linux clears every pending SPI (GICD_ICPENDR). */
  readonly clearPending: boolean;
}

/** An MSI of a device behind an ITS. */
export interface MsiRequest {
  readonly its: number;
  readonly device: number;
  readonly event: number;
  /** Vectors that the device has. */
  readonly vectors: number;
  readonly target: number;
}

/** The guest of one VM. Results are 0 or negative errno unless said; `cpu` is the CPU on which the code runs. */
export interface Guest {
  readonly state: GuestState;
  readonly irqs: GuestIrqs;
  readonly its: LinuxIts;
  boot(options: BootOptions): number;
  /** KVM_RUN of a vCPU: 0 or negative errno. */
  start(cpu: number): number;
  /** The driver it has booted with; null before. */
  driver(): GicDriver | null;
  /** request_irq of an SPI, or a CPU's enable_percpu_irq of a PPI. */
  requestIrq(cpu: number, of: { intid: number; edge: boolean; target: number }): number;
  /** INTID of the LPI, or negative errno. */
  requestMsi(cpu: number, of: MsiRequest): number;
  freeIrq(cpu: number, intid: number): number;
  setAffinity(cpu: number, intid: number, target: number): number;
  mask(cpu: number, intid: number): number;
  unmask(cpu: number, intid: number): number;
  /** irq_set_irqchip_state. */
  setState(cpu: number, of: { intid: number; state: IrqchipState }, on: boolean): number;
  /** Takes an interrupt: its INTID, 1020 or more (and no LPI) for none. */
  interrupt(cpu: number): number;
  eoi(cpu: number, intid: number): void;
  /** The handler stores to a register of an emulated device: an exit to the VMM, which lowers the device's line. */
  lowerEmulated(cpu: number, intid: number): void;
  ipi(cpu: number, intid: number, targets: readonly number[]): number;
}

/** What {@link createGuest} needs. */
export interface GuestInit {
  readonly state: GuestState;
  readonly bus: GuestAccess;
  readonly tree: DeviceTree;
  readonly trace: Trace;
  /** KVM_RUN of a vCPU that is not in the guest: 0 or negative errno. */
  readonly start: (cpu: number) => number;
  /** vCPUs that there are. */
  readonly online: () => number;
  /** A store to a device that the VMM emulates, whose line it then drives low. */
  readonly lowerEmulated: (cpu: number, intid: number) => void;
}

/** True for what IAR gives when there is nothing to handle. */
export const isSpecial = (intid: number): boolean => intid >= SPECIAL && intid < INTID.LPI;

/** Creates the guest over zeroed state. */
export function createGuest({ state, bus, tree, trace, start, online, lowerEmulated }: GuestInit): Guest {
  const irqs = createGuestIrqs(state);
  const drivers = {
    v2: createLinuxGic(bus, state, { dist: tree.dist, cpu: tree.cpuInterface }),
    v3: createLinuxGicV3(bus, state, tree),
  };
  const its = createLinuxIts(bus, state, tree);

  function driver(): GicDriver | null {
    if (state.gic === GUEST_GIC.NONE) return null;
    return state.gic === GUEST_GIC.V2 ? drivers.v2 : drivers.v3;
  }

  const hasIts = (): boolean => state.gic === GUEST_GIC.V3 && tree.itsCount() > 0;

  function bringUp(own: GicDriver, cpu: number): void {
    own.initCpu(cpu);
    if (hasIts()) its.initCpu(cpu);
    for (let sgi = 0; sgi < IPIS; sgi++) own.unmask(cpu, sgi);
    state.cpus.at(cpu).online = 1;
  }

  function clearPending(): void {
    for (let intid = 32; intid < INTID.SPECIAL; intid += 32)
      bus.store(0, tree.dist() + GICD.ICPENDR + intid / 8, 4, 0xffffffff);
  }

  /** Runs for an interrupt that has been requested. */
  const on =
    (run: (cpu: number, i: GuestIrq, own: GicDriver) => void) =>
    (cpu: number, intid: number): number => {
      const [slot, own] = [irqs.find(intid), driver()];
      if (slot < 0 || own === null) return -EINVAL;
      run(cpu, irqs.at(slot), own);
      return 0;
    };

  const isMsi = (i: GuestIrq): boolean => i.device !== 0;

  function enable(cpu: number, i: GuestIrq, own: GicDriver, enabled: boolean): void {
    i.masked = enabled ? 0 : 1;
    if (isMsi(i)) its.configure(cpu, i, enabled);
    else if (enabled) own.unmask(cpu, i.intid);
    else own.mask(cpu, i.intid);
  }

  function percpu(cpu: number, intid: number, own: GicDriver): number {
    const slot = irqs.find(intid) < 0 ? irqs.add(intid) : irqs.find(intid);
    if (slot < 0) return -ENOSPC;
    enable(cpu, irqs.at(slot), own, true);
    return 0;
  }

  /** A word that nobody has asked for: an event, and it is ended. */
  function unexpected(cpu: number, intid: number, own: GicDriver): void {
    if (trace.on) trace.emit('guest_bad_irq', { cpu, irq: intid });
    own.eoi(cpu, intid);
  }

  return {
    state,
    irqs,
    its,
    start,
    driver,
    boot({ eoimode, clearPending: clears }) {
      if (state.gic !== GUEST_GIC.NONE || online() === 0) return -EINVAL;
      if (tree.gic() === 0) return -ENODEV;
      for (let cpu = 0; cpu < online(); cpu++) {
        const error = start(cpu);
        if (error < 0) return error;
      }
      if (clears) clearPending();
      Object.assign(state, { gic: tree.gic(), eoimode });
      const own = driver() as GicDriver;
      own.initDistributor(0);
      for (let cpu = 0; cpu < online(); cpu++) {
        if (cpu === 0 && hasIts()) its.init(cpu);
        bringUp(own, cpu);
      }
      return 0;
    },
    requestIrq(cpu, { intid, edge, target }) {
      const own = driver();
      if (own === null || intid < INTID.PPI || intid >= state.lines || target >= online()) return -EINVAL;
      if (intid < INTID.SPI) return percpu(cpu, intid, own);
      if (irqs.find(intid) >= 0) return -EBUSY;
      const slot = irqs.add(intid);
      if (slot < 0) return -ENOSPC;
      const i = Object.assign(irqs.at(slot), { edge: edge ? 1 : 0, target });
      const error = own.setType(cpu, intid, edge);
      if (error < 0) return error;
      enable(cpu, i, own, true);
      own.setAffinity(cpu, intid, target);
      return 0;
    },
    requestMsi(cpu, { its: node, device, event, vectors, target }) {
      if (driver() === null || !hasIts() || target >= online() || event >= vectors) return -EINVAL;
      const owner = its.createDevice(cpu, { its: node, id: device, events: vectors });
      if (owner < 0) return owner;
      const intid = state.devices.at(owner).firstLpi + event;
      if (irqs.find(intid) >= 0) return -EBUSY;
      const slot = irqs.add(intid);
      if (slot < 0) return -ENOSPC;
      const i = Object.assign(irqs.at(slot), { edge: 1, target, device: owner + 1, event });
      its.activate(cpu, i);
      enable(cpu, i, driver() as GicDriver, true);
      return intid;
    },
    freeIrq(cpu, intid) {
      const [slot, own] = [irqs.find(intid), driver()];
      if (slot < 0 || own === null) return -EINVAL;
      const i = irqs.at(slot);
      enable(cpu, i, own, false);
      const owner = i.device - 1;
      if (owner >= 0) its.deactivate(cpu, i);
      irqs.remove(slot);
      if (owner >= 0 && irqs.countOf(owner) === 0) its.freeDevice(cpu, owner);
      return 0;
    },
    setAffinity(cpu, intid, target) {
      if (target >= online() || intid < INTID.SPI) return -EINVAL;
      return on((_cpu, i, own) => {
        if (i.target === target && isMsi(i)) return;
        if (isMsi(i)) its.move(cpu, i, target);
        else own.setAffinity(cpu, intid, target);
        i.target = target;
      })(cpu, intid);
    },
    mask: on((cpu, i, own) => enable(cpu, i, own, false)),
    unmask: on((cpu, i, own) => enable(cpu, i, own, true)),
    setState(cpu, { intid, state: which }, set) {
      if (intid >= INTID.LPI && which !== 'pending') return -EINVAL;
      return on((_cpu, i, own) => {
        if (isMsi(i)) its.setPending(cpu, i, set);
        else own.setState(cpu, intid, which, set);
      })(cpu, intid);
    },
    interrupt(cpu) {
      const own = driver() as GicDriver;
      const intid = own.intidOf(own.acknowledge(cpu));
      if (isSpecial(intid)) return intid;
      if (intid >= IPIS && irqs.find(intid) < 0) {
        unexpected(cpu, intid, own);
        return SPECIAL;
      }
      if (trace.on) trace.emit('guest_irq', { cpu, irq: intid });
      return intid;
    },
    eoi: (cpu, intid) => driver()?.eoi(cpu, intid),
    lowerEmulated,
    ipi(cpu, intid, targets) {
      const own = driver();
      if (own === null || intid >= INTID.PPI || targets.some((target) => target >= online())) return -EINVAL;
      own.ipi(cpu, intid, targets);
      return 0;
    },
  };
}
