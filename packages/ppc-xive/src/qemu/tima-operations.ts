// Words on the TIMA of a powernv machine: accesses by name, and accesses by offset and size. QEMU: hw/intc/xive.c xive_tm_operations.

import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { RING, W2_VALID } from '../hw/presenter.ts';
import { TM, TM_PAGE, type TmAccess } from '../hw/tima.ts';
import { hex, int, n } from '../vocabulary/args.ts';
import type { PowernvChip } from './chip.ts';
import type { IndirectAccess } from './indirect-tima.ts';
import { SIZES, THREADS } from './machine.ts';

type Op = Operation<PowernvChip>;

const RINGS: Readonly<Record<string, number>> = { os: RING.OS, phys: RING.PHYS };
const ring: ArgSpec = { type: 'enum', values: Object.keys(RINGS), default: 'os', doc: 'ring of the context' };
const thread: ArgSpec = int('thread whose context it is', { max: THREADS - 1, default: 0 });
const SIZE: ArgSpec = {
  type: 'either',
  of: [1, 2, 4, 8].map((size) => int('', { min: size, max: size })),
  default: 4,
  doc: 'bytes of the access',
};
const place: Readonly<Record<string, ArgSpec>> = {
  thread,
  page: int('0 hardware, 1 hypervisor, 2 OS, 3 user', { max: TM_PAGE.USER, default: TM_PAGE.HV }),
  off: int('offset in the page', { max: 0xffff, default: 0 }),
  size: SIZE,
};

/** Offset of a register of a ring. */
const inRing = (args: Args, offset: number): number => 0x10 * (RINGS[args['ring'] as string] as number) + offset;
const CPPR = 1;
const ACK = 0x800;
/** VT of the physical ring, in the byte that holds it. */
const VT = 0x80;

const hypervisor = (args: Args, offset: number, size: TmAccess['size']): IndirectAccess => ({
  thread: n(args, 'thread'),
  page: TM_PAGE.HV,
  offset,
  size,
});
const anywhere = (args: Args): IndirectAccess => ({
  thread: n(args, 'thread'),
  page: n(args, 'page'),
  offset: n(args, 'off'),
  size: n(args, 'size') as TmAccess['size'],
});

const load = ({ tima }: PowernvChip, at: IndirectAccess): OpResult => ({ ret: 0, out: { value: hex(tima.load(at)) } });
function store({ tima }: PowernvChip, at: IndirectAccess, value: bigint | number): OpResult {
  tima.store(at, BigInt(value));
  return { ret: 0 };
}

/** The operations. */
export const TIMA_OPERATIONS: Readonly<Record<string, Op>> = {
  push_os: {
    summary: 'puts an NVT on the OS ring of a thread',
    args: { nvt: int('NVT', { max: SIZES.nvts - 1 }), thread },
    run: (c, args) => store(c, hypervisor(args, TM.PUSH_OS_CTX, 4), (W2_VALID | n(args, 'nvt')) >>> 0),
  },
  pull_os: {
    summary: 'takes the OS context off a thread',
    args: { thread },
    run: (c, args) => load(c, hypervisor(args, TM.PULL_OS_CTX, 4)),
  },
  push_phys: {
    summary: 'makes the physical ring of a thread valid',
    args: { thread },
    run: (c, args) => store(c, hypervisor(args, TM.SET_VT, 1), VT),
  },
  cppr: {
    summary: 'sets CPPR of a ring',
    args: { value: int('priority: 0 to 7, all else means 0xff', { max: 255 }), thread, ring },
    run: (c, args) => store(c, hypervisor(args, inRing(args, CPPR), 1), n(args, 'value')),
  },
  ack: {
    summary: 'acknowledges the exception of a ring: NSR and the new CPPR',
    args: { thread, ring },
    run: (c, args) => load(c, hypervisor(args, inRing(args, ACK), 2)),
  },
  tm_read: { summary: 'a load from the TIMA', args: place, run: (c, args) => load(c, anywhere(args)) },
  tm_write: {
    summary: 'a store to the TIMA',
    args: { ...place, value: { type: 'u64', doc: 'value, big-endian' } },
    run: (c, args) => store(c, anywhere(args), args['value'] as bigint),
  },
};
