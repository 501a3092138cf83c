// A device's interrupt is taken from the host's Linux and given back. Linux: arch/powerpc/sysdev/xive/common.c xive_irq_set_vcpu_affinity, under irq_desc.lock.

import { u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import type { HostIrq } from '../host/layout.ts';
import { HOST_PRIORITY, sourceEoi } from '../host/power-host.ts';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { OPAL } from '../opal/codes.ts';
import { HOST_VP } from '../opal/context.ts';
import { untilDone } from '../opal/until-done.ts';
import type { PowerMachine } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** `irq` counts host irqs from the first message vector, `ret` is an errno as a positive number. */
export const HOST_IRQ_LOCALS = { ret: u8, irq: u16 } as const;
type Frame = { ret: number; irq: number };

const ENXIO = 6;

const hostIrq = (m: PowerMachine, f: Frame): HostIrq => m.parts.power.irq(f.irq);

const load = (m: PowerMachine, f: Frame, offset: number): number =>
  m.parts.power.xive.sources.load(m.parts.power.sourceOf(f.irq), ESB_PAGE.MANAGEMENT, offset);

const girqOf = (m: PowerMachine, f: Frame): number => m.parts.power.opal.irqs.numberOf(m.parts.power.sourceOf(f.irq));

/** sync_source: waits until nothing of the source is on its way. */
const sync = (m: PowerMachine, f: Frame): typeof BLOCKED | undefined =>
  m.parts.power.opal.irqs.sync(girqOf(m, f)) === OPAL.BUSY ? BLOCKED : undefined;

/** PQ := 10, "masked, perhaps in flight". P is remembered: then an entry in a queue of the host is still to be ended there. */
function maskToPending(m: PowerMachine, f: Frame): void {
  const irq = hostIrq(m, f);
  const pq = load(m, f, ESB.SET_PQ_10);
  if (irq.staleP === 1) return;
  irq.savedP = (pq >>> 1) & 1;
  irq.staleP = irq.savedP ^ 1;
}

/** irq_set_vcpu_affinity with a vCPU: the host does not end the interrupt any more. Afterwards PQ is 10, or 11 if it is to be sent again. */
export const takeFromHost = protocol(
  'xive_irq_set_vcpu_affinity (forward)',
  HOST_IRQ_LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    ...p.spinlocked('desc', (m, f) => hostIrq(m, f).desc, {
      forward(m, f) {
        hostIrq(m, f).forwarded = 1;
      },
      maskToPending,
      mustResend(m, f): Outcome<'unlock desc'> {
        const { hasTarget, savedP } = hostIrq(m, f);
        return hasTarget === 1 && savedP === 1 ? undefined : 'unlock desc';
      },
      resend: (m, f) => void load(m, f, ESB.SET_PQ_11),
      sync,
    }),
  }),
);

/** Nobody in the host wants it: off. */
function maskHard(m: PowerMachine, f: Frame): void {
  const irq = hostIrq(m, f);
  const pq = load(m, f, ESB.SET_PQ_01);
  if (irq.staleP === 0 && (pq & 2) !== 0) irq.savedP = 1;
  irq.staleP = 0;
}

function routeToHost(m: PowerMachine, f: Frame): Outcome<'unlock desc'> {
  const { irqs } = m.parts.power.opal;
  const rc = untilDone(() => irqs.configure(girqOf(m, f), { vp: HOST_VP, priority: HOST_PRIORITY, lirq: f.irq }));
  f.ret = rc === OPAL.SUCCESS ? 0 : ENXIO;
  return rc === OPAL.SUCCESS ? undefined : 'unlock desc';
}

/** irq_set_vcpu_affinity without one: the source's events go to the host again. An EOI re-enables it unless the host still owes one. */
export const giveToHost = protocol(
  'xive_irq_set_vcpu_affinity (release)',
  HOST_IRQ_LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    ...p.spinlocked('desc', (m, f) => hostIrq(m, f).desc, {
      unforward(m, f) {
        hostIrq(m, f).forwarded = 0;
      },
      maskIfUnwanted(m, f): Outcome<'unlock desc'> {
        if (hostIrq(m, f).hasTarget === 1) return undefined;
        maskHard(m, f);
        return 'unlock desc';
      },
      sync,
      routeToHost,
      enable(m, f) {
        if (hostIrq(m, f).savedP === 1) return;
        hostIrq(m, f).staleP = 0;
        sourceEoi(m.parts.power.xive, m.parts.power.sourceOf(f.irq));
      },
    }),
  }),
);
