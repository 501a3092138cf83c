// Hcalls that present interrupts: H_XIRR, H_XIRR_X and H_IPOLL, and H_IPI that asks for one. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_xirr, xive_vm_h_ipoll, xive_vm_h_ipi.

import { u8, u16, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { H } from '../spapr/codes.ts';
import { SCAN, SCAN_LOCALS, scanInterrupts } from './xics-scan.ts';
import { type XicsWorld, xicsOf } from './xics-world.ts';

const { protocol } = protocolsOn<XicsWorld>();

/** `r4` is what the guest gets in GPR4: the interrupt and in bits 31:24 the CPPR before. */
export const XIRR_LOCALS = { ...SCAN_LOCALS, old: u8, r4: u32 } as const;
type XirrFrame = { -readonly [K in keyof typeof XIRR_LOCALS]: number };

/** H_XIRR: what the presenter has acknowledged joins the pending priorities, then the queues are asked. */
export const hXirr = protocol('xive_vm_h_xirr', XIRR_LOCALS, (p: Combinators<XicsWorld, XirrFrame>) => ({
  ackPending(m, f) {
    const xics = xicsOf(m, f);
    xics.acknowledge(f.vcpu);
    const v = xics.vcpus.at(f.vcpu);
    Object.assign(f, { kind: SCAN.FETCH, old: v.cppr, pending: v.pending });
  },
  ...p.include('scan', scanInterrupts),
  adopt(m, f) {
    const v = xicsOf(m, f).vcpus.at(f.vcpu);
    v.pending = f.pending;
    if (f.hirq !== 0) v.cppr = f.prio;
    f.r4 = (f.hirq | (f.old << 24)) >>> 0;
    return v.cppr === v.hwCppr ? DONE : undefined;
  },
  writeCppr: (m, f) => xicsOf(m, f).writeCppr(f.vcpu),
}));

/** `server` is the one asked about; `vcpu` becomes its vCPU. */
const IPOLL_LOCALS = { ...SCAN_LOCALS, server: u32, ret: u8, r4: u32 } as const;
type IpollFrame = { -readonly [K in keyof typeof IPOLL_LOCALS]: number };

/** H_IPOLL: what H_XIRR would present, without taking it. `ret` 1 is H_PARAMETER. */
export const hIpoll = protocol('xive_vm_h_ipoll', IPOLL_LOCALS, (p: Combinators<XicsWorld, IpollFrame>) => ({
  findServer(m, f) {
    const xics = xicsOf(m, f);
    const found = xics.findServer(f.server);
    f.ret = found < 0 ? 1 : 0;
    if (found < 0) return DONE;
    const isOwn = found === f.vcpu;
    const pending = isOwn ? xics.vcpus.at(found).pending | xics.pendingInHardware(found) : 0xff;
    Object.assign(f, { kind: SCAN.POLL, vcpu: found, pending });
    return undefined;
  },
  ...p.include('scan', scanInterrupts),
  answer(m, f) {
    f.r4 = (f.hirq | (xicsOf(m, f).vcpus.at(f.vcpu).cppr << 24)) >>> 0;
  },
}));

/** `mfrr` as the guest gave it, of which a byte is kept. */
export const IPI_LOCALS = { vm: u8, server: u32, vcpu: u16, mfrr: u32, ret: u8 } as const;

/** H_IPI: MFRR of the target first, then a look at its CPPR, then the signal. `ret` 1 is H_PARAMETER. */
export const hIpi = protocol('xive_vm_h_ipi', IPI_LOCALS, () => ({
  findServer(m, f) {
    const found = xicsOf(m, f).findServer(f.server);
    f.vcpu = Math.max(0, found);
    f.ret = found < 0 ? 1 : 0;
    return found < 0 ? DONE : undefined;
  },
  storeMfrr(m, f) {
    xicsOf(m, f).vcpus.at(f.vcpu).mfrr = f.mfrr & 0xff;
  },
  readCppr: (m, f) => (f.mfrr < xicsOf(m, f).vcpus.at(f.vcpu).cppr ? undefined : DONE),
  signal: (m, f) => xicsOf(m, f).triggerVpIpi(f.vcpu),
}));

/** H_IPI's and H_IPOLL's `ret` as the guest sees it. */
export const hcallStatus = (ret: number): number => (ret === 0 ? H.SUCCESS : H.PARAMETER);
