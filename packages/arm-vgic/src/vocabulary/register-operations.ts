// Words for registers: the distributor's and redistributors' as user space has them, and a guest's loads and stores.

import { EBUSY, EINVAL, EIO, ENXIO } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { RegisterMap } from '@virq/irq-core/registers';
import type { ArmChip } from '../chip.ts';
import type { Target } from '../distributor/bus.ts';
import type { UserFrame } from '../distributor/frames.ts';
import { guestAccessActive } from '../distributor/guest-active.ts';
import { GICD_V2, GICD_V3 } from '../regs/gicd.ts';
import { FRAME_BYTES, GICR_RD, GICR_SGI } from '../regs/gicr.ts';
import { EXIT } from '../run/exits.ts';
import { hex, int, n } from './args.ts';
import { exists, runnable } from './guest-operations.ts';
import { isVgicBusy } from './waiting.ts';

type Op = Operation<ArmChip>;

const cpu = int('vCPU', { min: 0, max: 511, default: 0 });
const value = int('32 bits to set; without it the register is read', { min: 0, max: 0xffffffff, optional: true });
const reg: ArgSpec = {
  type: 'either',
  of: [{ type: 'name', of: 'a register', doc: '' }, int('', { min: 0, max: 0x1ffff })],
  doc: "the manual's name without its block, with a distance in bytes after a colon (`ISENABLER:4`), or an offset",
  optional: true,
};
const off = int('offset in the frame, instead of a name', { min: 0, max: 0x1ffff, optional: true });

/** Offset of a register by name; -1 if the frame has none. */
function offsetOf(map: RegisterMap, name: string): number {
  const [register = '', distance = '0'] = name.split(':');
  const row = [register, `${register}0`].find((r) => Object.hasOwn(map.rows, r));
  return row === undefined ? -1 : (map.rows[row]?.at as number) + Number(distance);
}

function whereOf(map: RegisterMap, args: Args): number {
  const { reg: name, off: offset } = args;
  if (typeof name === 'string') return offsetOf(map, name);
  return (name as number | undefined) ?? (offset as number | undefined) ?? -1;
}

/** What stands against user space's accesses: a dead VM, no such vCPU, one in KVM_RUN, or a VGIC that is not initialised. */
function refusal(c: ArmChip, vcpu: number): number {
  if (c.state.dist.dead === 1) return -EIO;
  if (vcpu >= c.state.dist.online) return -EINVAL;
  if (c.kvm.device.vcpus.isBusy()) return -EBUSY;
  return c.state.dist.initialized === 1 ? 0 : c.lifecycle.lazyInit();
}

/** A get, or a set if a value is given; -ENXIO for a name that the frame does not have. */
function access(frame: UserFrame, offset: number, args: Args): OpResult {
  if (offset < 0) return { ret: -ENXIO };
  if (args['value'] !== undefined) return { ret: frame.set(offset, n(args, 'value')) };
  return { ret: 0, out: { value: hex(frame.get(offset)) } };
}

const FRAMES: Readonly<Record<string, { readonly map: RegisterMap; readonly at: number }>> = {
  r: { map: GICR_RD, at: 0 },
  sgi: { map: GICR_SGI, at: FRAME_BYTES },
};

function redistributor(c: ArmChip, args: Args): OpResult {
  const { map, at } = FRAMES[args['frame'] as string] as (typeof FRAMES)[string];
  const ret = refusal(c, n(args, 'cpu'));
  const offset = whereOf(map, args);
  return ret < 0
    ? { ret }
    : access(c.registers.frames.redistributor(n(args, 'cpu')), offset < 0 ? -1 : offset + at, args);
}

/** Changes bits of a word and leaves the others. */
const modify = (frame: UserFrame, offset: number, mask: number, bits: number): number =>
  frame.set(offset, ((frame.get(offset) & ~mask) | bits) >>> 0);

/** The frame that has an interrupt, and what is to be added to a distributor's offset to get there. */
function holderOf(c: ArmChip, args: Args): { frame: UserFrame; add: number } {
  const vcpu = n(args, 'cpu');
  const isBanked = n(args, 'intid') < 32 && c.state.dist.model === 3;
  const { frames } = c.registers;
  return isBanked
    ? { frame: frames.redistributor(vcpu), add: FRAME_BYTES }
    : { frame: frames.distributor(vcpu), add: 0 };
}

const ROWS = GICD_V3.rows;
const bitAt = (at: number, intid: number): { at: number; bit: number } => ({
  at: at + 4 * (intid >>> 5),
  bit: (1 << (intid & 31)) >>> 0,
});

/** Where an SPI goes: a vCPU by its index. */
function route(c: ArmChip, intid: number, target: number): void {
  const frame = c.registers.frames.distributor(0);
  if (c.state.dist.model === 3) frame.set(ROWS.IROUTER.at + 8 * intid, c.state.redists.at(target).mpidr);
  else {
    const shift = 8 * (intid & 3);
    modify(frame, GICD_V2.rows.ITARGETSR.at + (intid & ~3), 0xff << shift, (1 << target) << shift);
  }
}

/** Group, priority, trigger, target, and last on or off: as drivers do it. */
function setUp(c: ArmChip, args: Args): OpResult {
  const intid = n(args, 'intid');
  const ret = n(args, 'target') < c.state.dist.online ? refusal(c, n(args, 'cpu')) : -EINVAL;
  if (ret < 0) return { ret };
  const { frame, add } = holderOf(c, args);
  const group = bitAt(ROWS.IGROUPR.at + add, intid);
  modify(frame, group.at, group.bit, n(args, 'group') === 1 ? group.bit : 0);
  const byte = 8 * (intid & 3);
  modify(frame, ROWS.IPRIORITYR.at + add + (intid & ~3), 0xff << byte, n(args, 'prio') << byte);
  const edge = 2 << (2 * (intid & 15));
  modify(frame, ROWS.ICFGR.at + add + 4 * (intid >>> 4), edge, args['edge'] === true ? edge : 0);
  if (intid >= 32) route(c, intid, n(args, 'target'));
  const enable = bitAt((args['enable'] === true ? ROWS.ISENABLER.at : ROWS.ICENABLER.at) + add, intid);
  return { ret: frame.set(enable.at, enable.bit) };
}

const addr: ArgSpec = { type: 'u64', doc: 'guest physical address' };
const size = int('bytes: 1, 2, 4 or 8', { min: 1, max: 8, default: 4 });
const SIZES: readonly number[] = [1, 2, 4, 8];

/** What the small guest program hands back in x0. */
const x0Of = (v: bigint): number | string => (v <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(v) : hex(v));

type By = (c: ArmChip, vcpu: number, act: () => bigint) => bigint;
const byKvm: By = (c, vcpu, act) => c.run.intercepted(vcpu, EXIT.DABT_LOW, act);

/** How an access is made, by what it meets. */
const BY: Readonly<Record<Target['kind'], By>> = {
  trapped: byKvm,
  nobody: byKvm,
  memory: (c, vcpu, act) => c.run.inside(vcpu, act),
  direct: (c, vcpu, act) => c.run.inside(vcpu, act),
};

/** One access by guest code: in the guest, with an exit if it traps. */
function onBus(c: ArmChip, args: Args, isStore: boolean): OpResult {
  const [vcpu, bytes] = [n(args, 'cpu'), n(args, 'size')];
  const ret = SIZES.includes(bytes) ? runnable(c, vcpu) : -EINVAL;
  if (ret !== 0) return { ret };
  const target = c.bus.at(Number(args['addr'] as bigint));
  const given = BigInt.asUintN(8 * bytes, (args['value'] as bigint | undefined) ?? 0n);
  const { trace } = c.context;
  const act = (): bigint => {
    if (target.kind === 'nobody' && trace.on) trace.emit('kvm_userspace_exit', { reason: 'KVM_EXIT_MMIO (6)' });
    if (!isStore) return target.load(vcpu, bytes);
    target.store(vcpu, bytes, given);
    return given;
  };
  const x0 = BY[target.kind](c, vcpu, act);
  return { ret: 0, out: target.kind === 'nobody' ? { exit: 'mmio' } : { exit: 'done', x0: x0Of(x0) } };
}

/** An access to active bits, for its path; undefined for all others. */
const activeAccess = (c: ArmChip, args: Args, isStore: boolean) =>
  n(args, 'size') === 4 ? c.bus.at(Number(args['addr'] as bigint)).active?.(n(args, 'cpu'), isStore) : undefined;

/** What has no path, before it is done. */
const isAtOnceBusy = (c: ArmChip, args: Args, isStore: boolean): boolean =>
  exists(c, n(args, 'cpu')) === 0 && activeAccess(c, args, isStore) === undefined && isVgicBusy(c);

/** Accesses to active bits stop the VM, and others come between; all others are done at once. */
const pathOf = (args: Args, isStore: boolean): ReturnType<NonNullable<Op['path']>> => ({
  protocol: guestAccessActive as never,
  begin(c) {
    const [vcpu, word] = [n(args, 'cpu'), Number(BigInt.asUintN(32, (args['value'] as bigint | undefined) ?? 0n))];
    const ret = exists(c, vcpu);
    if (ret !== 0) return ret;
    const access = activeAccess(c, args, isStore);
    return access === undefined ? onBus(c, args, isStore).ret : { vm: c.context.vm, word, ...access };
  },
});

/** Operations on registers. */
export const REGISTER_OPERATIONS: Readonly<Record<string, Op>> = {
  d: {
    summary: "KVM_DEV_ARM_VGIC_GRP_DIST_REGS: user space reads or writes a distributor's register",
    args: { reg, off, value, cpu },
    run(c, args) {
      const ret = refusal(c, n(args, 'cpu'));
      const map = c.state.dist.model === 2 ? GICD_V2 : GICD_V3;
      return ret < 0 ? { ret } : access(c.registers.frames.distributor(n(args, 'cpu')), whereOf(map, args), args);
    },
  },
  r: {
    summary: "KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: user space reads or writes a redistributor's register",
    args: {
      reg,
      off,
      value,
      cpu,
      frame: { type: 'enum', values: Object.keys(FRAMES), doc: 'RD_base or SGI_base', default: 'r' },
    },
    run: redistributor,
  },
  irq_setup: {
    summary: 'user space sets an interrupt up, register by register: group, priority, trigger, target, enable',
    args: {
      intid: int('INTID', { min: 0, max: 1019 }),
      prio: int('priority, 0 is the highest', { min: 0, max: 0xff, default: 0xa0 }),
      edge: { type: 'bool', default: false, doc: 'edge-triggered' },
      enable: { type: 'bool', default: true, doc: 'on, or off' },
      group: int('group', { min: 0, max: 1, default: 1 }),
      target: int('vCPU of an SPI', { min: 0, max: 511, default: 0 }),
      cpu,
    },
    run: setUp,
  },
  guest_load: {
    summary: 'a guest reads memory or a register',
    args: { addr, size, cpu },
    run: (c, args) => onBus(c, args, false),
    isBusy: (c, args) => isAtOnceBusy(c, args, false),
    path: (args) => pathOf(args, false),
  },
  guest_store: {
    summary: 'a guest writes memory or a register',
    args: { addr, value: { type: 'u64', doc: 'what is written' }, size, cpu },
    run: (c, args) => onBus(c, args, true),
    isBusy: (c, args) => isAtOnceBusy(c, args, true),
    path: (args) => pathOf(args, true),
  },
};
