// H_EOI: the end of an interrupt at its source, unless the guest has masked it meanwhile. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_eoi.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { assert, type Combinators, omit, protocolsOn, replace } from '@virq/irq-core/protocol';
import { fromGuest, MASKED } from '../kvm/priority.ts';
import { XICS_IPI } from '../xics/numbers.ts';
import { SCAN, SCAN_LOCALS, scanInterrupts } from './xics-scan.ts';
import { type XicsWorld, xicsOf } from './xics-world.ts';

const { protocol } = protocolsOn<XicsWorld>();

/** `irq` is XIRR bits 23:0, `cppr` bits 31:24. `source` 1 + index of the hardware source that was behind it at the beginning; `ret` 1: H_PARAMETER. */
export const EOI_LOCALS = { ...SCAN_LOCALS, irq: u32, cppr: u8, source: u16, again: u1, ret: u8 } as const;
type Frame = { -readonly [K in keyof typeof EOI_LOCALS]: number };

const stateOf = (m: XicsWorld, f: Frame) => xicsOf(m, f).source(f.irq);

/** kvmppc_xive_select_irq; 0 between pt_number and pt_data of a hand-over. */
function select(m: XicsWorld, f: Frame): void {
  f.source = xicsOf(m, f).sources.select(stateOf(m, f)) + 1;
}

function endSelected(m: XicsWorld, f: Frame): void {
  assert(f.source !== 0, 'H_EOI follows a NULL xive_irq_data');
  xicsOf(m, f).endSource(f.source - 1);
}

/**
 * H_EOI. in_eoi is announced before the guest's priority is read, and whoever masks stores that priority before it reads in_eoi: one of the two sees
 * the other. An EOI that finds the source masked leaves a note (old_p) for the one who unmasks.
 */
export const hEoi = protocol('xive_vm_h_eoi', EOI_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  setCppr(m, f) {
    xicsOf(m, f).vcpus.at(f.vcpu).cppr = fromGuest(f.cppr);
    return f.irq === XICS_IPI || f.irq === 0 ? 'begin' : undefined;
  },
  find(m, f) {
    f.ret = xicsOf(m, f).sources.find(f.irq) === null ? 1 : 0;
    return f.ret === 0 ? undefined : 'begin';
  },
  select,
  announce(m, f) {
    stateOf(m, f).inEoi = 1;
  },
  isMasked: (m, f) => (stateOf(m, f).guestPriority === MASKED ? undefined : 'eoi'),
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    isStillMasked(m, f) {
      f.again = stateOf(m, f).guestPriority === MASKED ? 0 : 1;
      return f.again === 1 ? 'unlock sb' : undefined;
    },
    forgetP(m, f) {
      stateOf(m, f).oldP = 0;
    },
  }),
  isDone: (_m, f) => (f.again === 1 ? 'isMasked' : 'conclude'),
  eoi: endSelected,
  resend(m, f) {
    const { lsi, asserted } = stateOf(m, f);
    if (lsi === 1 && asserted === 1) xicsOf(m, f).triggerSource(f.source - 1);
  },
  conclude(m, f) {
    stateOf(m, f).inEoi = 0;
  },
  begin(m, f) {
    Object.assign(f, { kind: SCAN.EOI, pending: xicsOf(m, f).vcpus.at(f.vcpu).pending, hirq: 0 });
  },
  ...p.include('scan', scanInterrupts),
  keepPending(m, f) {
    xicsOf(m, f).vcpus.at(f.vcpu).pending = f.pending;
  },
  pushPending: (m, f) => xicsOf(m, f).pushPending(f.vcpu),
  writeCppr: (m, f) => xicsOf(m, f).writeCppr(f.vcpu),
}));

/** H_EOI that chooses the source where nobody can hand it over: with in_eoi set and the source not masked. Linux chooses it first. */
export const hEoiCorrected = replace(omit(hEoi, 'select'), 'eoi', (m, f) => {
  select(m as XicsWorld, f as Frame);
  endSelected(m as XicsWorld, f as Frame);
}) as typeof hEoi;
