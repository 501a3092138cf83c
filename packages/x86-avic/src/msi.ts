// MSI messages as x86 KVM reads them. Intel SDM vol. 3 10.11; Linux: arch/x86/kvm/irq_comm.c kvm_set_msi_irq.

import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import type { Route } from '@virq/irq-core/kvm';
import type { Context } from './context.ts';
import { type Delivery, type LapicIrq, lapicIrq, UNDECIDED } from './destination.ts';

/** The message as an interrupt. KVM does not check that the address lies at 0xfeexxxxx. */
export function loadMsi(
  irq: LapicIrq,
  m: { addressLo: number; addressHi: number; data: number },
  x2apicFormat: boolean,
): void {
  irq.dest = (m.addressLo >>> 12) & 0xff;
  if (x2apicFormat) irq.dest = (irq.dest | (m.addressHi & 0xffffff00)) >>> 0;
  irq.logical = (m.addressLo >> 2) & 1;
  irq.redirectionHint = (m.addressLo >> 3) & 1;
  irq.vector = m.data & 0xff;
  irq.dm = (m.data >> 8) & 7;
  irq.trigger = (m.data >> 15) & 1;
  irq.level = 1;
  irq.shorthand = 0;
  irq.source = -1;
}

/** MSI delivery of one VM. */
export interface Msi {
  /** kvm_set_msi: -1 for level 0 or when refused, else the number of LAPICs reached. */
  set(m: Route, level: number): number;
  /** The irqfd fast path: -EWOULDBLOCK when only the scan can decide. */
  setInatomic(m: Route): number;
  /** kvm_msi_route_invalid: x2APIC format and bits 7:0 of the high address not zero. */
  isInvalid(m: { addressHi: number }): boolean;
  /** KVM_SIGNAL_MSI. */
  signal(m: Route): number;
}

/** Creates MSI delivery. */
export function createMsi(ctx: Context, delivery: Delivery): Msi {
  const { state, trace } = ctx;
  const irq = lapicIrq();

  function event(): void {
    trace.emit('kvm_msi_set_irq', {
      dst: irq.dest,
      vec: irq.vector,
      deliveryMode: irq.dm,
      logical: irq.logical,
      trigger: irq.trigger,
      redirectionHint: irq.redirectionHint,
    });
  }

  function load(m: Route): void {
    loadMsi(irq, m, state.x2apicFormat === 1);
    if (trace.on) event();
  }

  const isInvalid = (m: { addressHi: number }): boolean => state.x2apicFormat === 1 && (m.addressHi & 0xff) !== 0;

  function set(m: Route, level: number): number {
    if (isInvalid(m) || level === 0) return -1;
    load(m);
    return delivery.deliver(irq);
  }

  return {
    set,
    setInatomic(m) {
      if (isInvalid(m)) return -EINVAL;
      load(m);
      const ret = delivery.fast(irq);
      return ret === UNDECIDED ? -EWOULDBLOCK : ret;
    },
    isInvalid,
    signal(m) {
      if ((m.flags & ~1) !== 0 || isInvalid(m)) return -EINVAL;
      load(m);
      return delivery.deliver(irq);
    },
  };
}
