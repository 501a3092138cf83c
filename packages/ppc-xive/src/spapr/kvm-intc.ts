// QEMU's calls on KVM's interrupt controller devices: ioctls in QEMU's order, and accesses through its mapping of the ESB pages. QEMU: hw/intc/spapr_xive_kvm.c, xics_kvm.c.

import { getDeviceAttr, setDeviceAttr } from '@virq/irq-core/kvm';
import { ESB_INVALID } from '../hw/esb.ts';
import type { Context } from '../kvm/context.ts';
import type { Devices, DeviceType } from '../kvm/devices.ts';
import { PFN } from '../kvm/layout.ts';
import type { Native } from '../kvm/native.ts';
import { NATIVE_ATTRS, type NativeTarget, XIVE_CTRL, XIVE_GRP } from '../kvm/native-attrs.ts';
import { eqId } from '../kvm/native-queue.ts';
import { encodeConfig, SOURCE_FLAG } from '../kvm/native-source.ts';
import { getVp, setVp } from '../kvm/native-vp.ts';
import type { KvmSources } from '../kvm/sources.ts';
import type { XicsDevice } from '../xics/device.ts';
import type { InKernel, InKernelXics } from './in-kernel.ts';
import type { SpaprPages } from './pages.ts';

/** What KVM has of the VM. */
export interface KvmIntcParts {
  readonly ctx: Context;
  readonly devices: Devices;
  readonly native: Native;
  readonly sources: KvmSources;
  readonly xics: XicsDevice;
  readonly pages: SpaprPages;
}

const PAGE_SHIFT = 16;

/** Every vCPU is connected: the first errno. */
function connectAll({ ctx, devices }: KvmIntcParts, type: DeviceType): number {
  for (const [vcpu, server] of ctx.options.servers.entries()) {
    const error = devices.connect(type, vcpu, server);
    if (error < 0) return error;
  }
  return 0;
}

/** The XIVE device: created, told the number of servers, mapped, connected. A failure closes it again. */
function connectXive(parts: KvmIntcParts, set: (group: number, attr: number, value: bigint) => number) {
  const { devices, pages } = parts;
  const disconnect = (): void => {
    pages.unmap();
    devices.close();
  };
  return {
    disconnect,
    connect(servers: number): number {
      const created = devices.create('xive');
      if (created < 0) return created;
      const error =
        set(XIVE_GRP.CTRL, XIVE_CTRL.NR_SERVERS, BigInt(servers)) || pages.map() || connectAll(parts, 'xive');
      if (error < 0) disconnect();
      return error;
    },
  };
}

/** KVM's XIVE device for QEMU. */
export function createKvmXive(parts: KvmIntcParts): InKernel {
  const { ctx, sources, native, pages } = parts;
  const target: NativeTarget = { context: ctx, sources };
  const hw = ctx.host.xive.sources;
  const set = (group: number, attr: number, value: bigint): number =>
    setDeviceAttr(NATIVE_ATTRS, target, { group, attr }, { value });

  /** Page frame at an offset from a source's management page, which may be another source's; -1 when QEMU would get a signal. */
  function frameAt(lisn: number, offset: number): number {
    const touched = native.touch(pages.esb + lisn * 2 + 1 + (offset >>> PAGE_SHIFT));
    if (typeof touched === 'number') return touched;
    if (ctx.trace.on)
      ctx.trace.emit('qemu_abort', { what: `${touched} at the ESB pages of LISN 0x${lisn.toString(16)}` });
    return -1;
  }

  return {
    ...connectXive(parts, set),
    resetSource: (lisn, lsi, asserted) =>
      set(XIVE_GRP.SOURCE, lisn, BigInt((lsi ? SOURCE_FLAG.LEVEL : 0) | (lsi && asserted ? SOURCE_FLAG.ASSERTED : 0))),
    configureSource: (lisn, config) => set(XIVE_GRP.SOURCE_CONFIG, lisn, encodeConfig(config)),
    configureQueue(server, priority, eq) {
      const { flags, qshift, qaddr, qtoggle, qindex } = eq;
      const payload = {
        flags: BigInt(flags),
        qshift: BigInt(qshift),
        qaddr,
        qtoggle: BigInt(qtoggle),
        qindex: BigInt(qindex),
      };
      return setDeviceAttr(NATIVE_ATTRS, target, { group: XIVE_GRP.EQ_CONFIG, attr: eqId(server, priority) }, payload);
    },
    queueState(server, priority) {
      const out = { flags: 0n, qshift: 0n, qaddr: 0n, qtoggle: 0n, qindex: 0n };
      const at = { group: XIVE_GRP.EQ_CONFIG, attr: eqId(server, priority) };
      if (getDeviceAttr(NATIVE_ATTRS, target, at, out) < 0) return null;
      return { toggle: Number(out.qtoggle), index: Number(out.qindex) };
    },
    syncSource: (lisn) => set(XIVE_GRP.SOURCE_SYNC, lisn, 0n),
    syncQueues: () => set(XIVE_GRP.CTRL, XIVE_CTRL.EQ_SYNC, 0n),
    reset: () => set(XIVE_GRP.CTRL, XIVE_CTRL.RESET, 0n),
    esbLoad(lisn, offset) {
      const pfn = frameAt(lisn, offset);
      return pfn < 0 ? ESB_INVALID : hw.load(PFN.sourceOf(pfn), PFN.pageOf(pfn), offset & 0xffff);
    },
    esbStore(lisn, offset) {
      const pfn = frameAt(lisn, offset);
      if (pfn >= 0) hw.store(PFN.sourceOf(pfn), PFN.pageOf(pfn), offset & 0xffff);
    },
    getVp: (vcpu) => getVp(ctx, vcpu),
    setVp: (vcpu, w01) => setVp(ctx, vcpu, w01),
  };
}

/** KVM's XICS-over-XIVE device for QEMU. */
export function createKvmXics(parts: KvmIntcParts): InKernelXics {
  const { ctx, devices, xics } = parts;
  const { save, restore, setNrServers } = xics.attributes;
  const disconnect = (): void => void devices.close();
  return {
    disconnect,
    connect(servers) {
      const created = devices.create('xics');
      if (created < 0) return created;
      const error = setNrServers(servers) || connectAll(parts, 'xics');
      if (error < 0) disconnect();
      return error;
    },
    setSource: (lisn, value) => restore.source(lisn, value),
    getSource(lisn) {
      const out = { value: 0n };
      const error = save.source(lisn, out);
      return error < 0 ? error : out.value;
    },
    setIrq: (lisn, level) => void ctx.kvm.setIrq(0, lisn, level, true),
    getIcp: (vcpu) => save.icp(vcpu),
    setIcp: (vcpu, value) => restore.icp(vcpu, value),
  };
}
