// What user space can do to the chips: save and restore, MSRs from outside, mp_state, NMI, KVM_INTERRUPT, sync.

import { EEXIST, EINVAL, ENXIO } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Json, Operation, OpResult } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { X86_REQ } from '../context.ts';
import { LVT } from '../lapic.ts';
import { deliverLocal } from '../lapic-local.ts';
import { IOAPIC_PINS, IRQCHIP_MODE, LVT_ENTRIES } from '../layout.ts';
import { type LapicState, LVT_FIELDS, SAVED_PIC_FIELDS } from '../save-restore.ts';
import { hex, int, list, n, vcpu } from './args.ts';
import { lapicPage, observeLapic, observePicChip, savedPic } from './observe.ts';

type Op = Operation<X86Chip>;
const noKernelChip = (c: X86Chip): boolean => c.state.mode !== IRQCHIP_MODE.KERNEL;

function getIoapic(c: X86Chip): Readonly<Record<string, Json>> {
  const s = c.saveRestore.getIoapic();
  return { base: hex(s.base), sel: s.select, id: s.id, irr: hex(s.irr >>> 0), redir: s.redirections.map(hex) };
}

function setIoapic(c: X86Chip, args: Args): OpResult {
  if (noKernelChip(c)) return { ret: -ENXIO };
  const now = c.saveRestore.getIoapic();
  const given = args['redir'] as Readonly<Record<string, bigint>>[] | undefined;
  const redirections = now.redirections;
  for (const e of given ?? []) redirections[Number(e['pin'])] = e['value'] as bigint;
  const irr = args['irr'] as number[] | undefined;
  c.saveRestore.setIoapic({
    ...now,
    redirections,
    irr: irr === undefined ? now.irr : irr.reduce((mask, pin) => mask | (1 << pin), 0),
    id: (args['id'] as number | undefined) ?? now.id,
    select: (args['sel'] as number | undefined) ?? now.select,
  });
  return { ret: 0 };
}

const picFields = Object.fromEntries(
  Object.keys(SAVED_PIC_FIELDS).map((name) => [name, int(name, { max: 255, optional: true })]),
);
const lapicInts = Object.fromEntries(
  [
    ...Object.keys(LVT_FIELDS),
    ...['id', 'tpr', 'ldr', 'dfr', 'esr', 'spiv', 'icr', 'icr2', 'tmict', 'tmcct', 'tdcr'],
  ].map((name) => [name, int(`register ${name}`, { optional: true })]),
);

function interrupt(c: X86Chip, v: number, vector: number): OpResult {
  if (vector > 255) return { ret: -EINVAL };
  if (c.state.mode === IRQCHIP_MODE.KERNEL) return { ret: -ENXIO };
  const a = c.lapics.at(v);
  if (c.state.mode === IRQCHIP_MODE.SPLIT && a.extintVector !== 0) return { ret: -EEXIST };
  a.extintVector = vector + 1;
  c.context.kvm.vcpus.request(v, X86_REQ.EVENT);
  return { ret: 0 };
}

/** KVM_X86_SETUP_MCE: what KVM supports on Intel, of MCG_CAP bits 10 (CMCI), 8, 24 and 27; bits 7:0 count banks. */
const MCG_CMCI = 1n << 10n;
const MCG_SUPPORTED = MCG_CMCI | (1n << 8n) | (1n << 24n) | (1n << 27n) | 0xff00ffn;
const MAX_MCE_BANKS = 32n;

function setupMce(c: X86Chip, v: number, cap: bigint): OpResult {
  const banks = cap & 0xffn;
  if (banks === 0n || banks > MAX_MCE_BANKS || (cap & ~MCG_SUPPORTED) !== 0n) return { ret: -EINVAL };
  c.lapicRegs.setLvtCount(v, cap & MCG_CMCI ? LVT_ENTRIES : LVT_ENTRIES - 1);
  return { ret: 0 };
}

/** Sources that KVM raises, by LVT entry. */
const LOCAL_SOURCES: Readonly<Record<string, number>> = { lint0: LVT.LINT0, pmc: LVT.PMC, cmci: LVT.CMCI };

const all: ArgSpec = { type: 'bool', default: false, doc: 'also what `observe` leaves out' };

/** Host operations by name. */
export const HOST_OPERATIONS: Readonly<Record<string, Op>> = {
  create_irqchip: {
    summary: 'KVM_CREATE_IRQCHIP on a VM made with `irqchip: none`',
    args: {},
    run: (c) => ({ ret: c.createIrqchip() }),
  },
  enable_split: {
    summary: 'KVM_CAP_SPLIT_IRQCHIP on a VM made with `irqchip: none`',
    args: { pins: int('IOAPIC pins reserved') },
    run: (c, args) => ({ ret: c.enableSplit(n(args, 'pins')) }),
  },
  x2apic_api: {
    summary:
      'KVM_CAP_X2APIC_API: bit 0 32-bit ids, 1 no broadcast quirk, 2 and 3 suppression of EOI broadcasts on, off',
    args: { flags: int('flags') },
    run: (c, args) => ({ ret: c.enableX2apicApi(n(args, 'flags')) }),
  },
  setup_mce: {
    summary: 'KVM_X86_SETUP_MCE: with MCG_CMCI_P (bit 10) the LAPIC has a CMCI entry',
    args: { vcpu, mcg_cap: { type: 'u64', doc: 'MCG_CAP' } },
    run: (c, args) => setupMce(c, n(args, 'vcpu'), args['mcg_cap'] as bigint),
  },
  local_interrupt: {
    summary:
      'a local source fires: LINT0 (the PIT as NMI watchdog), a performance counter, a corrected error; ret: accepted',
    args: { vcpu, source: { type: 'enum', values: Object.keys(LOCAL_SOURCES), doc: 'which' } },
    run: (c, args) => ({
      ret: deliverLocal(c.lapics, n(args, 'vcpu'), LOCAL_SOURCES[args['source'] as string] as number),
    }),
  },
  irqchip_get: {
    summary: 'KVM_GET_IRQCHIP',
    args: { chip: int('chip id: 0 PIC master, 1 PIC slave, 2 IOAPIC'), all },
    run(c, args) {
      const chip = n(args, 'chip');
      if (noKernelChip(c)) return { ret: -ENXIO };
      if (chip > 2) return { ret: -EINVAL };
      return { ret: 0, out: chip === 2 ? getIoapic(c) : (args['all'] ? savedPic : observePicChip)(c, chip) };
    },
  },
  ioapic_set: {
    summary: 'KVM_SET_IRQCHIP of the IOAPIC: given fields over the present state',
    args: {
      irr: list('pins with a pending interrupt', IOAPIC_PINS - 1),
      id: int('IOAPIC id', { max: 15, optional: true }),
      sel: int('IOREGSEL', { max: 255, optional: true }),
      redir: {
        type: 'list',
        optional: true,
        doc: 'entries to change',
        of: {
          type: 'object',
          doc: 'entry',
          fields: { pin: int('pin', { max: 23 }), value: { type: 'u64', doc: 'entry' } },
        },
      },
    },
    run: setIoapic,
  },
  pic_set: {
    summary: 'KVM_SET_IRQCHIP of one 8259A',
    args: { chip: int('0 master, 1 slave', { default: 0 }), ...picFields },
    run(c, args) {
      if (noKernelChip(c)) return { ret: -ENXIO };
      const { chip, ...fields } = args;
      if ((chip as number) > 1) return { ret: -EINVAL };
      c.saveRestore.setPic(chip as number, fields as Readonly<Record<string, number>>);
      return { ret: 0 };
    },
  },
  lapic_set: {
    summary: 'KVM_SET_LAPIC: given registers over the present ones',
    args: { vcpu, irr: list('IRR', 255), isr: list('ISR', 255), tmr: list('TMR', 255), ...lapicInts },
    run(c, args) {
      if (c.state.mode === IRQCHIP_MODE.NONE) return { ret: -EINVAL };
      return { ret: c.saveRestore.setLapic(n(args, 'vcpu'), args as LapicState) };
    },
  },
  lapic_get: {
    summary: 'KVM_GET_LAPIC',
    args: { vcpu, all },
    run: (c, args) =>
      c.state.mode === IRQCHIP_MODE.NONE
        ? { ret: -EINVAL }
        : { ret: 0, out: (args['all'] ? lapicPage : observeLapic)(c, n(args, 'vcpu')) },
  },
  set_msr: {
    summary: 'KVM_SET_MSRS of one MSR: 1 when it was set, 0 when it was refused',
    args: { vcpu, msr: int('MSR number'), value: { type: 'u64', doc: 'value' } },
    run: (c, args) => ({
      ret: c.msrs.write(n(args, 'vcpu'), n(args, 'msr'), args['value'] as bigint, true) === true ? 1 : 0,
    }),
  },
  get_msr: {
    summary: 'KVM_GET_MSRS of one MSR',
    args: { vcpu, msr: int('MSR number') },
    run(c, args) {
      const value = c.msrs.read(n(args, 'vcpu'), n(args, 'msr'));
      return value === null || value < 0n ? { ret: 0 } : { ret: 1, out: { value: hex(value) } };
    },
  },
  sync: {
    summary: 'lets every vCPU enter once and serve its requests',
    args: {},
    run(c) {
      const exits: { vcpu: number; vector: number }[] = [];
      for (let v = 0; v < c.lapics.count; v++) {
        const vector = c.guest.takeEoiExit(v);
        if (vector >= 0) exits.push({ vcpu: v, vector });
        c.guest.enter(v);
      }
      return { ret: 0, out: exits.length === 0 ? { exit: 'done' } : { exit: 'ioapic_eoi', eois: exits } };
    },
  },
  set_mp_state: {
    summary: 'KVM_SET_MP_STATE',
    args: { vcpu, state: int('KVM_MP_STATE_*') },
    run: (c, args) => ({ ret: c.events.setMpState(n(args, 'vcpu'), n(args, 'state')) }),
  },
  nmi: {
    summary: 'KVM_NMI',
    args: { vcpu },
    run(c, args) {
      c.events.nmi(n(args, 'vcpu'));
      return { ret: 0 };
    },
  },
  interrupt: {
    summary: 'KVM_INTERRUPT: an external interrupt from a userspace PIC',
    args: { vcpu, vector: int('vector') },
    run: (c, args) => interrupt(c, n(args, 'vcpu'), n(args, 'vector')),
  },
};
