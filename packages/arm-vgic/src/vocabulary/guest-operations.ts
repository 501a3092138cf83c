// Words for what a guest does at its CPU interface. Each is one instruction: of a vCPU in the guest, or on a short visit there of one that user space has.

import { EINVAL } from '@virq/irq-core/errors';
import type { Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { instructionOf } from '../cpuif/instructions.ts';
import { kvmGuestAct } from '../run/act.ts';
import { kvmVcpuEnter } from '../run/enter.ts';
import { kvmVcpuReturn } from '../run/exit.ts';
import { EXIT } from '../run/exits.ts';
import { kvmVcpuWfi } from '../run/wfi.ts';
import { SGI_REGISTERS, type SgiRegister } from '../sgi/software-generated.ts';
import { hex, int, n } from './args.ts';

type Op = Operation<ArmChip>;

const cpu = int('vCPU', { min: 0, max: 511, default: 0 });
const group = int('group: 0 (FIQ) or 1 (IRQ); default 1, for a GICv2 the register without alias', {
  min: 0,
  max: 1,
  optional: true,
});
const intid = int('INTID as IAR gave it');

/** How the small guest program that executes one instruction comes back. */
const done = (x0 = 0): OpResult => ({ ret: 0, out: { exit: 'done', x0 } });

/** The instruction that an operation is: its index, and its operand. */
interface Act {
  readonly what: number;
  readonly value: number;
}

/** An instruction by what it is called on a GICv3 and on a GICv2; -1 if there is none. */
type ActOf = (model: number, args: Args) => Act;

const act = (name: string, value = 0): Act => ({ what: instructionOf(name), value });

/** KVM_RUN of a vCPU up to its guest: 0, -EINVAL without that vCPU or while it sleeps, or what the first run of a VM fails with. */
export const runnable = (c: ArmChip, vcpu: number): number =>
  vcpu < c.state.dist.online && !c.run.isInKvm(vcpu) ? c.kvm.firstRun() : -EINVAL;

/** The same for a path, which waits for a vCPU that is on its way in or out. */
export const exists = (c: ArmChip, vcpu: number): number => (vcpu < c.state.dist.online ? c.kvm.firstRun() : -EINVAL);

/** By guest code of a vCPU: -EINVAL without that vCPU, or if it sleeps. */
const instruction = (
  summary: string,
  args: Op['args'],
  of: ActOf,
  answer: (read: number, value: number) => OpResult,
): Op => ({
  summary,
  args: { ...args, cpu },
  run(c, given) {
    const vcpu = n(given, 'cpu');
    const { what, value } = of(c.state.dist.model, given);
    const ret = what < 0 ? -EINVAL : runnable(c, vcpu);
    if (ret !== 0) return { ret };
    return answer(c.guest.execute(vcpu, what, value), value);
  },
  path: (given) => ({
    protocol: kvmGuestAct as never,
    begin(c) {
      const vcpu = n(given, 'cpu');
      const { what, value } = of(c.state.dist.model, given);
      const ret = what < 0 ? -EINVAL : exists(c, vcpu);
      return ret === 0 ? { vm: c.context.vm, vcpu, what, value } : ret;
    },
  }),
});

/** The register of a group, or of a GICv2 its alias for group 1. */
function register(name: string, operation: 'mrs' | 'msr'): ActOf {
  return (model, args) => {
    const value = (args['intid'] as number | undefined) ?? 0;
    if (model === 3) return act(`${operation} ICC_${name}${args['group'] ?? 1}_EL1`, value);
    const alias = args['group'] === 1 ? 'A' : '';
    return act(`${operation === 'mrs' ? 'ldr' : 'str'} GICC_${alias}${name}`, value);
  };
}

const dirOf: ActOf = (model, args) => act(model === 3 ? 'msr ICC_DIR_EL1' : 'str GICC_DIR', n(args, 'intid'));

/** A GICv2's EnableGrp0, EnableGrp1, EOImode; a GICv3's registers by name. */
function setUp(c: ArmChip, vcpu: number, pmr: number, eoiMode: number): void {
  const does = (name: string, value: number): void => void c.cpus.run(vcpu, instructionOf(name), value);
  if (c.state.dist.model === 2) {
    does('str GICC_PMR', pmr);
    does('str GICC_CTLR', 3 | (eoiMode << 9));
    return;
  }
  does('msr ICC_PMR_EL1', pmr);
  does('msr ICC_CTLR_EL1', eoiMode << 1);
  does('msr ICC_IGRPEN0_EL1', 1);
  does('msr ICC_IGRPEN1_EL1', 1);
}

/** Names of registers as scenarios have them: with or without ICC_ and _EL1. */
const fullName = (name: string): string => (name.startsWith('IC') ? name : `ICC_${name}_EL1`);

const systemRegister = {
  type: 'name',
  of: 'system register',
  doc: 'ICC_PMR_EL1, …; without ICC_ and _EL1 too',
} as const;
const el = int('exception level of the guest; its kernel is at 1', { min: 1, max: 1, default: 1 });

const frameOf = (c: ArmChip, args: Args) => ({ vm: c.context.vm, vcpu: n(args, 'cpu') });
const isIn = (c: ArmChip, args: Args): boolean => n(args, 'cpu') < c.options.vcpus && c.run.isIn(n(args, 'cpu'));

/** Registers with one word. */
const MSR = instruction(
  'the guest writes a register of its CPU interface, or one that generates SGIs',
  { reg: systemRegister, value: { type: 'u64', doc: 'value' }, el },
  (model, args) => {
    const value = Number((args['value'] as bigint) & 0xffffffffn);
    return act(model === 3 ? `msr ${fullName(args['reg'] as string)}` : `str GICC_${args['reg']}`, value);
  },
  () => ({ ret: 0 }),
);

/** Always a trap. */
function generateSgi(c: ArmChip, vcpu: number, name: SgiRegister, value: bigint): OpResult {
  const ret = runnable(c, vcpu);
  if (ret !== 0) return { ret };
  const words = { lo: Number(value & 0xffffffffn), hi: Number(value >> 32n) };
  c.run.intercepted(vcpu, EXIT.SYS64, () => c.registers.sendSgi(vcpu, name, words));
  return { ret: 0 };
}

/** A vCPU in and out of its guest. */
const RUN: Readonly<Record<string, Op>> = {
  vcpu_run: {
    summary: 'KVM_RUN: the vCPU enters the guest and stays',
    args: { cpu },
    run(c, args) {
      const ret = runnable(c, n(args, 'cpu'));
      if (ret === 0 && !c.run.isIn(n(args, 'cpu'))) c.run.enter(n(args, 'cpu'));
      return { ret };
    },
    path: (args) => ({
      protocol: kvmVcpuEnter as never,
      begin(c) {
        const ret = runnable(c, n(args, 'cpu'));
        return ret === 0 && !c.run.isIn(n(args, 'cpu')) ? frameOf(c, args) : ret;
      },
    }),
  },
  vcpu_exit: {
    summary: 'the vCPU leaves the guest, and KVM_RUN returns',
    args: { cpu },
    run(c, args) {
      if (!isIn(c, args)) return { ret: -EINVAL };
      c.run.exit(n(args, 'cpu'));
      return { ret: 0 };
    },
    path: (args) => ({
      protocol: kvmVcpuReturn as never,
      begin: (c) => (isIn(c, args) ? frameOf(c, args) : -EINVAL),
    }),
  },
  wfi: {
    summary: 'WFI: the vCPU sleeps until it has an interrupt to take, then its guest goes on',
    args: { cpu },
    run(c, args) {
      const ret = runnable(c, n(args, 'cpu'));
      if (ret !== 0) return { ret };
      if (!isIn(c, args)) c.run.enter(n(args, 'cpu'));
      c.context.processes().spawn(kvmVcpuWfi as never, frameOf(c, args) as never);
      return { ret: 0 };
    },
    path: (args) => ({
      protocol: kvmVcpuWfi as never,
      begin: (c) => (isIn(c, args) ? frameOf(c, args) : -EINVAL),
    }),
  },
};

/** Operations of the guest. */
export const GUEST_OPERATIONS: Readonly<Record<string, Op>> = {
  cpu_setup: {
    summary: 'the guest enables its CPU interface: priority mask, groups, EOImode',
    args: {
      pmr: int('ICC_PMR_EL1', { min: 0, max: 0xff, default: 0xf0 }),
      eoimode: int('ICC_CTLR_EL1.EOImode', { min: 0, max: 1, default: 0 }),
      cpu,
    },
    run(c, args) {
      const vcpu = n(args, 'cpu');
      const ret = runnable(c, vcpu);
      if (ret !== 0) return { ret };
      c.run.inside(vcpu, () => setUp(c, vcpu, n(args, 'pmr'), n(args, 'eoimode')));
      return done(1);
    },
  },
  iar: instruction('the guest reads IAR', { group }, register('IAR', 'mrs'), (read) => done(read)),
  eoir: instruction('the guest writes EOIR', { intid, group }, register('EOIR', 'msr'), (_read, value) => done(value)),
  dir: instruction('the guest writes DIR', { intid }, dirOf, (_read, value) => done(value)),
  mrs: instruction(
    'the guest reads a register of its CPU interface',
    { reg: systemRegister, el },
    (model, args) => act(model === 3 ? `mrs ${fullName(args['reg'] as string)}` : `ldr GICC_${args['reg']}`),
    (read) => ({ ret: 0, out: { value: hex(read >>> 0) } }),
  ),
  msr: {
    ...MSR,
    run(c, args) {
      const name = fullName(args['reg'] as string);
      if (c.state.dist.model !== 3 || !Object.hasOwn(SGI_REGISTERS, name)) return MSR.run(c, args);
      return generateSgi(c, n(args, 'cpu'), name as SgiRegister, args['value'] as bigint);
    },
  },
  ...RUN,
};
