// A vCPU of a guest in XICS mode, and the device that interrupts it, as agents of the checker. Linux: arch/powerpc/sysdev/xics/icp-hv.c.

import { bits, u8 } from '@virq/irq-core/arena';
import type { StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { EOI_LOCALS, hEoi } from '../protocols/xics-eoi.ts';
import { hIpi, hXirr, IPI_LOCALS, XIRR_LOCALS } from '../protocols/xics-present.ts';
import { NO_MFRR, XICS_IPI } from '../xics/numbers.ts';
import { ask, lineOf, serve, vcpuOf, type XicsMachine } from './xics-machine.ts';

const { protocol } = protocolsOn<XicsMachine>();

const LOCALS = { ...XIRR_LOCALS, ...EOI_LOCALS, ...IPI_LOCALS, taken: u8 } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** What H_XIRR has returned goes to H_EOI. */
function giveBack(f: Frame): void {
  Object.assign(f, { irq: f.r4 & 0xffffff, cppr: f.r4 >>> 24, again: 0, kind: 0, ret: 0, prio: 0, idx: 0, toggle: 0 });
}

function forget(f: Frame): void {
  const { vcpu } = f;
  for (const name of Object.keys(LOCALS) as (keyof Frame)[]) f[name] = 0;
  f.vcpu = vcpu;
}

/**
 * An external interrupt: H_XIRR, the handler, H_EOI. The handler of IPIs takes the request back first; that of the device looks whether the device
 * has something to do.
 */
export const guestVcpu = (of: StandIn) =>
  protocol('vCPU', LOCALS, (p: Combinators<XicsMachine, Frame>) => ({
    wait: p.idle((m, f) => (lineOf(m, f.vcpu) === 0 ? BLOCKED : undefined)),
    ...p.include('xirr', of(hXirr) as never),
    dispatch(_m, f) {
      if (f.hirq === 0) return 'rest';
      f.taken = f.hirq === XICS_IPI ? 1 : 0;
      Object.assign(f, { server: f.vcpu, mfrr: NO_MFRR });
      return f.taken === 1 ? undefined : 'handle';
    },
    ...p.include('takeBack', of(hIpi) as never),
    handle(m, f) {
      if (f.taken === 0) serve(m);
      else read(m, f.vcpu);
      giveBack(f);
    },
    ...p.include('eoi', of(hEoi) as never),
    rest(_m, f) {
      forget(f);
      return 'wait';
    },
  }));

/** The device asks for service `left` times. */
export const device = protocol('device', { left: bits(2) }, () => ({
  ask(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    ask(m);
    return 'ask';
  },
}));

/** A message to a vCPU in memory; `delayedIrq` stands for it, as nothing is restored here. */
export const send = (m: XicsMachine, vcpu: number): void => {
  vcpuOf(m, vcpu).delayedIrq = 1;
};
const read = (m: XicsMachine, vcpu: number): void => {
  vcpuOf(m, vcpu).delayedIrq = 0;
};
export const hasMessage = (m: XicsMachine, vcpu: number): boolean => vcpuOf(m, vcpu).delayedIrq === 1;
