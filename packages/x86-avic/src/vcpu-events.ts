// INIT, SIPI and the multiprocessing state of a vCPU. Intel SDM vol. 3 9.4; Linux: lapic.c kvm_apic_accept_events, x86.c KVM_SET_MP_STATE.

import { EINVAL } from '@virq/irq-core/errors';
import { type Context, X86_REQ } from './context.ts';
import { APIC_BASE, type Lapics } from './lapic.ts';
import { IRQCHIP_MODE } from './layout.ts';

/** KVM_MP_STATE_* of x86. */
export const MP_STATE = {
  RUNNABLE: 0,
  UNINITIALIZED: 1,
  INIT_RECEIVED: 2,
  HALTED: 3,
  SIPI_RECEIVED: 4,
  AP_RESET_HOLD: 9,
} as const;
const KNOWN: ReadonlySet<number> = new Set(Object.values(MP_STATE));

/** INIT, SIPI, NMI and mp_state of one VM's vCPUs. */
export interface VcpuEvents {
  /** kvm_apic_accept_events: INIT resets the LAPIC, a SIPI starts a vCPU that waits for one and is dropped otherwise. */
  accept(vcpu: number): void;
  /** KVM_SET_MP_STATE: 0 or -EINVAL. */
  setMpState(vcpu: number, mpState: number): number;
  /** KVM_NMI; one more than the one in progress can wait. */
  nmi(vcpu: number): void;
}

/** Creates them. `init` resets a LAPIC as INIT does. Abstraction: no SMM and no VMX root operation, which would hold INIT back. */
export function createVcpuEvents(ctx: Context, lapics: Lapics, init: (vcpu: number) => void): VcpuEvents {
  const { state, kvm } = ctx;

  function takeInit(vcpu: number): void {
    const a = lapics.at(vcpu);
    a.initPending = 0;
    a.nmiPending = 0;
    init(vcpu);
    a.mpState = (a.baseLo & APIC_BASE.BSP) !== 0 ? MP_STATE.RUNNABLE : MP_STATE.INIT_RECEIVED;
  }

  return {
    accept(vcpu) {
      const a = lapics.at(vcpu);
      if (a.initPending === 1) takeInit(vcpu);
      if (a.sipiPending === 0) return;
      a.sipiPending = 0;
      if (a.mpState === MP_STATE.INIT_RECEIVED) a.mpState = MP_STATE.RUNNABLE;
    },
    setMpState(vcpu, mpState) {
      if (mpState !== MP_STATE.RUNNABLE && state.mode === IRQCHIP_MODE.NONE) return -EINVAL;
      if (!KNOWN.has(mpState)) return -EINVAL;
      const a = lapics.at(vcpu);
      const sipi = mpState === MP_STATE.SIPI_RECEIVED;
      a.mpState = sipi ? MP_STATE.INIT_RECEIVED : mpState;
      if (sipi) a.sipiPending = 1;
      kvm.vcpus.request(vcpu, X86_REQ.EVENT);
      return 0;
    },
    nmi(vcpu) {
      const a = lapics.at(vcpu);
      a.nmiPending = Math.min(2, a.nmiPending + 1);
      kvm.vcpus.request(vcpu, X86_REQ.NMI);
      kvm.vcpus.kick(vcpu);
    },
  };
}
