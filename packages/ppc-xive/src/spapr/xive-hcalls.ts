// The hypercalls of the XIVE exploitation mode, as QEMU answers them: checks in their order as tables, then the effect. QEMU: hw/intc/spapr_xive.c h_int_*; LoPAPR.

import {
  ALL_ONES,
  ALWAYS_NOTIFY,
  DEBUG,
  END_ESB_BASE,
  ESB_SHIFT,
  ESB_STORE,
  H,
  type HcallName,
  HV_PRIORITY,
  LISN,
  NVT_BASE,
  QUEUE_SIZES,
  SRC,
  SRC_CONFIG,
  VC_BASE,
} from './codes.ts';
import { errorReport, guestError, type SpaprContext } from './context.ts';
import type { SpaprIrq } from './layout.ts';
import { END_RESET, easParts, easWord, endParts, endWords, setEnd } from './tables.ts';

/** R4 to R8, as they go in. */
export type HcallArgs = readonly bigint[];

/** Return code in R3, and registers from R4 on where the call returns any. */
export interface HcallResult {
  readonly rc: number;
  readonly out?: readonly bigint[];
}

/** A check of the arguments: the code it fails with, and a sentence for the log. */
interface Check {
  readonly rc: number;
  readonly says: string;
  holds(c: SpaprContext, a: HcallArgs): boolean;
}

/** One hypercall. `flags` are those that may be set. */
interface Hcall {
  readonly flags: bigint;
  readonly checks: readonly Check[];
  run(c: SpaprContext, a: HcallArgs): HcallResult;
}

const SUCCESS: HcallResult = { rc: H.SUCCESS };
const HARDWARE: HcallResult = { rc: H.HARDWARE };

const arg = (a: HcallArgs, i: number): bigint => a[i] ?? 0n;
const number = (a: HcallArgs, i: number): number => Number(arg(a, i));

/** QEMU takes a priority as 8 bits and a target as 32: higher bits are not looked at. */
const priorityOf = (a: HcallArgs, i: number): number => Number(arg(a, i) & 0xffn);
const targetOf = (a: HcallArgs, i: number): number => Number(arg(a, i) & 0xffffffffn);

const lisnIsClaimed: Check = {
  rc: H.P2,
  says: 'no such LISN',
  holds: ({ tables }, a) => arg(a, 1) < BigInt(LISN.END) && tables.isValid(number(a, 1)),
};

const priorityIsFree = (i: number, rc: number): Check => ({
  rc,
  says: 'the priority is reserved',
  holds: (_c, a) => priorityOf(a, i) < HV_PRIORITY,
});

const targetExists = (i: number, rc: number): Check => ({
  rc,
  says: 'no such target',
  holds: ({ servers }, a) => servers.includes(targetOf(a, i)),
});

const unless = (isExempt: (a: HcallArgs) => boolean, check: Check): Check => ({
  ...check,
  holds: (c, a) => isExempt(a) || check.holds(c, a),
});

/** Priority 0xFF resets a source. */
const isReset = (a: HcallArgs): boolean => arg(a, 3) === 0xffn;
/** Size 0 resets a queue. */
const hasNoQueue = (a: HcallArgs): boolean => arg(a, 4) === 0n;

const irqOf = ({ tables }: SpaprContext, a: HcallArgs): SpaprIrq => tables.irq(number(a, 1)) as SpaprIrq;
const endIndex = (a: HcallArgs): number => targetOf(a, 1) * 8 + priorityOf(a, 2);

/** The answer when KVM says no. */
function refused(c: SpaprContext, errno: number, what: string): HcallResult {
  errorReport(c, `XIVE: ${what}: ${errno}`);
  return HARDWARE;
}

const getSourceInfo: Hcall = {
  flags: 0n,
  checks: [lisnIsClaimed],
  run(c, a) {
    const lisn = arg(a, 1);
    if (irqOf(c, a).lsi === 1)
      return { rc: 0, out: [SRC.H_INT_ESB | SRC.LSI, ALL_ONES, ALL_ONES, BigInt(ESB_SHIFT - 1)] };
    const trigger = VC_BASE + (lisn << BigInt(ESB_SHIFT));
    return { rc: 0, out: [0n, trigger + 0x10000n, trigger, BigInt(ESB_SHIFT - 1)] };
  },
};

const setSourceConfig: Hcall = {
  flags: SRC_CONFIG.MASK | SRC_CONFIG.SET_EISN,
  checks: [lisnIsClaimed, unless(isReset, priorityIsFree(3, H.P4)), unless(isReset, targetExists(2, H.P3))],
  run(c, a) {
    const irq = irqOf(c, a);
    // Linux never hears of it: KVM keeps the source configured as it was.
    if (isReset(a)) {
      irq.eas = easWord({ end: 0, masked: true, data: 0 });
      return SUCCESS;
    }
    const server = targetOf(a, 2);
    const priority = priorityOf(a, 3);
    const masked = (arg(a, 0) & SRC_CONFIG.MASK) !== 0n;
    const sets = (arg(a, 0) & SRC_CONFIG.SET_EISN) !== 0n;
    const eisn = sets ? Number(arg(a, 4) & 0x7fffffffn) : easParts(irq.eas).data;
    if (c.state.inKernel === 1) {
      const errno = c.xive.configureSource(number(a, 1), { server, priority, masked, eisn });
      if (errno < 0) return refused(c, errno, 'KVM_DEV_XIVE_GRP_SOURCE_CONFIG');
    }
    irq.eas = easWord({ end: server * 8 + priority, masked, data: eisn });
    return SUCCESS;
  },
};

const getSourceConfig: Hcall = {
  flags: 0n,
  checks: [lisnIsClaimed],
  run(c, a) {
    const { end, masked, data } = easParts(irqOf(c, a).eas);
    const { nvt, priority } = endParts(c.tables.end(end));
    // An END without a queue has NVT 0, which is no server: the difference is taken in 32 bits.
    return { rc: 0, out: [BigInt((nvt - NVT_BASE) >>> 0), masked ? 0xffn : BigInt(priority), BigInt(data)] };
  },
};

const queueChecks = [priorityIsFree(2, H.P3), targetExists(1, H.P2)];

const getQueueInfo: Hcall = {
  flags: 0n,
  checks: queueChecks,
  run(c, a) {
    const index = endIndex(a);
    const { qsize } = endParts(c.tables.end(index));
    return { rc: 0, out: [END_ESB_BASE + (BigInt(index) << 17n), BigInt(qsize)] };
  },
};

const sizeOf = (a: HcallArgs): bigint => 1n << arg(a, 4);

const setQueueConfig: Hcall = {
  flags: ALWAYS_NOTIFY,
  checks: [
    ...queueChecks,
    { rc: H.P5, says: 'invalid EQ size', holds: (_c, a) => QUEUE_SIZES.includes(arg(a, 4)) },
    unless(hasNoQueue, {
      rc: H.P4,
      says: 'the EQ is not naturally aligned',
      holds: (_c, a) => arg(a, 3) % sizeOf(a) === 0n,
    }),
    unless(hasNoQueue, {
      rc: H.P4,
      says: 'the EQ is not in memory',
      holds: ({ memory }, a) => arg(a, 3) + sizeOf(a) <= BigInt(memory),
    }),
  ],
  run(c, a) {
    const server = targetOf(a, 1);
    const priority = priorityOf(a, 2);
    const notify = (arg(a, 0) & ALWAYS_NOTIFY) !== 0n;
    const qaddr = arg(a, 3);
    const qsize = number(a, 4);
    const setup = { server, priority, qaddr, qsize, notify };
    if (c.state.inKernel === 1) {
      const flags = notify && qsize !== 0 ? 1 : 0;
      const eq = { flags, qshift: qsize, qaddr: qsize === 0 ? 0n : qaddr, qtoggle: qsize === 0 ? 0 : 1, qindex: 0 };
      const errno = c.xive.configureQueue(server, priority, eq);
      if (errno < 0) return refused(c, errno, 'KVM_DEV_XIVE_GRP_EQ_CONFIG');
    }
    setEnd(c.tables.end(endIndex(a)), qsize === 0 ? END_RESET : endWords(setup));
    return SUCCESS;
  },
};

const getQueueConfig: Hcall = {
  flags: DEBUG,
  checks: queueChecks,
  run(c, a) {
    const end = c.tables.end(endIndex(a));
    const { valid, notify, qaddr, qsize } = endParts(end);
    if (c.state.inKernel === 1 && !valid) return abort(c, 'kvmppc_xive_get_queue_config: xive_end_is_valid(end)');
    if (c.state.inKernel === 1 && !refreshEnd(c, endIndex(a))) return refused(c, -1, 'KVM_DEV_XIVE_GRP_EQ_CONFIG');
    const { generation, index } = endParts(end);
    const debug = (arg(a, 0) & DEBUG) !== 0n;
    const n = notify ? ALWAYS_NOTIFY : 0n;
    // LoPAPR has the generation in IBM bit 62, the value 2; QEMU shifts it left by 62.
    const flags = debug ? n | (BigInt(generation) << 62n) : n;
    return { rc: 0, out: [flags, qaddr, BigInt(qsize), debug ? BigInt(index) : 0n] };
  },
};

/** kvmppc_xive_get_queue_config: generation and index of a valid END as KVM has them now. */
export function refreshEnd({ tables, xive }: SpaprContext, index: number): boolean {
  const { w } = tables.end(index);
  const state = xive.queueState(index >>> 3, index & 7);
  if (state === null) return false;
  w.set(1, ((state.toggle << 22) | state.index) >>> 0);
  return true;
}

/** An assertion of QEMU fails: the VM is gone. */
function abort(c: SpaprContext, what: string): HcallResult {
  c.state.dead = 1;
  if (c.trace.on) c.trace.emit('qemu_abort', { what });
  return HARDWARE;
}

const esb: Hcall = {
  flags: ESB_STORE,
  checks: [
    lisnIsClaimed,
    { rc: H.P3, says: 'offset beyond the ESB pages', holds: (_c, a) => arg(a, 2) <= 1n << BigInt(ESB_SHIFT) },
  ],
  run(c, a) {
    const isStore = (arg(a, 0) & ESB_STORE) !== 0n;
    if (c.state.inKernel === 0) return refused(c, -1, 'the emulated controller is not modelled');
    const value = esbAccess(c, number(a, 1), number(a, 2), isStore);
    return { rc: 0, out: [isStore || value < 0 ? ALL_ONES : BigInt(value)] };
  },
};

/** kvmppc_xive_esb_rw: the value loaded, -1 for all ones. The EOI of an LSI is a SET_PQ_00 and a trigger while its line is asserted. */
export function esbAccess({ tables, xive }: SpaprContext, lisn: number, offset: number, isStore: boolean): number {
  const irq = tables.irq(lisn) as SpaprIrq;
  if (isStore) {
    xive.esbStore(lisn, offset);
    return -1;
  }
  if (irq.lsi === 0 || offset !== 0) return xive.esbLoad(lisn, offset);
  xive.esbLoad(lisn, 0xc00);
  if (irq.asserted === 1) xive.esbStore(lisn, 0);
  return 0;
}

const sync: Hcall = {
  flags: 0n,
  checks: [lisnIsClaimed],
  run(c, a) {
    const errno = c.state.inKernel === 1 ? c.xive.syncSource(number(a, 1)) : 0;
    return errno < 0 ? refused(c, errno, 'KVM_DEV_XIVE_GRP_SOURCE_SYNC') : SUCCESS;
  },
};

const reset: Hcall = {
  flags: 0n,
  checks: [],
  // QEMU resets the device object here, but its tables are reset by the machine's reset alone: EAT and ENDT stay.
  run(c) {
    const errno = c.state.inKernel === 1 ? c.xive.reset() : 0;
    return errno < 0 ? refused(c, errno, 'KVM_DEV_XIVE_RESET') : SUCCESS;
  },
};

/** Not in QEMU: any flags, always H_FUNCTION. */
const unsupported: Hcall = { flags: ALL_ONES, checks: [], run: () => ({ rc: H.FUNCTION }) };

/** By name. */
export const XIVE_HCALLS: Readonly<Partial<Record<HcallName, Hcall>>> = {
  H_INT_GET_SOURCE_INFO: getSourceInfo,
  H_INT_SET_SOURCE_CONFIG: setSourceConfig,
  H_INT_GET_SOURCE_CONFIG: getSourceConfig,
  H_INT_GET_QUEUE_INFO: getQueueInfo,
  H_INT_SET_QUEUE_CONFIG: setQueueConfig,
  H_INT_GET_QUEUE_CONFIG: getQueueConfig,
  H_INT_SET_OS_REPORTING_LINE: unsupported,
  H_INT_GET_OS_REPORTING_LINE: unsupported,
  H_INT_ESB: esb,
  H_INT_SYNC: sync,
  H_INT_RESET: reset,
};

/** A hypercall of the exploitation mode. H_FUNCTION unless the machine has a XIVE and the guest has negotiated it. */
export function xiveHcall(c: SpaprContext, name: HcallName, args: HcallArgs): HcallResult {
  const call = XIVE_HCALLS[name];
  if (call === undefined || c.state.cas === 0) return { rc: H.FUNCTION };
  if ((arg(args, 0) & ~call.flags) !== 0n) return { rc: H.PARAMETER };
  const failed = call.checks.find((check) => !check.holds(c, args));
  if (failed === undefined) return call.run(c, args);
  guestError(c, `XIVE: ${failed.says}`);
  return { rc: failed.rc };
}
