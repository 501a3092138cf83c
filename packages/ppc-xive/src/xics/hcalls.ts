// Hcalls of XICS by number, as a guest in XICS mode makes them. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_xics_hcall; PAPR 14.11.3.

import type { BackendProcesses } from '@virq/irq-core/backend';
import type { Context } from '../kvm/context.ts';
import { DEVICE } from '../kvm/layout.ts';
import { hCppr } from '../protocols/xics-cppr.ts';
import { hEoi } from '../protocols/xics-eoi.ts';
import { hcallStatus, hIpi, hIpoll, hXirr } from '../protocols/xics-present.ts';
import { H } from '../spapr/codes.ts';

/** GPR3 and, if the call writes them, GPR4 and GPR5. */
export interface HcallResult {
  readonly ret: number;
  readonly r4?: number;
  readonly r5?: number;
}

/** The hcalls, in the order of their numbers. */
export const XICS_HCALLS = ['H_EOI', 'H_CPPR', 'H_IPI', 'H_IPOLL', 'H_XIRR', 'H_XIRR_X'] as const;
export type XicsHcall = (typeof XICS_HCALLS)[number];

/** An hcall of a vCPU that is on its thread; arguments are GPR4 on, those left out 0. */
export type Hcall = (vcpu: number, name: XicsHcall, args: readonly bigint[]) => HcallResult;

/** Frequency of the time base, Hz. */
const TIMEBASE = 512e6;

interface Frame {
  readonly ret: number;
  readonly r4: number;
}

/** What an hcall needs: its vCPU, and the processes to run on. */
interface Call {
  readonly at: { readonly vm: number; readonly vcpu: number };
  readonly processes: BackendProcesses;
  readonly args: readonly bigint[];
  now(): number;
}

const WORD = 0xffffffffn;
/** Low word of an argument. */
const word = ({ args }: Call, i: number): number => Number((args[i] ?? 0n) & WORD);
/** The same, but of one that is larger it is kept that it was: its low byte, below ones. */
const wordOrMore = (c: Call, i: number): number =>
  (c.args[i] ?? 0n) <= WORD ? word(c, i) : (0xffffff00 | (word(c, i) & 0xff)) >>> 0;

function run({ processes, at }: Call, protocol: unknown, args: object = {}): { ret: number; r4: number } {
  const read = ({ ret, r4 }: Frame) => ({ ret: hcallStatus(ret ?? 0), r4 });
  return processes.call(protocol as never, { ...at, ...args } as never, read as never) as never;
}

const xirr = (c: Call): HcallResult => ({ ret: H.SUCCESS, r4: run(c, hXirr).r4 });

/** What each does. */
const HANDLERS: Readonly<Record<XicsHcall, (c: Call) => HcallResult>> = {
  H_XIRR: xirr,
  H_XIRR_X: (c) => ({ ...xirr(c), r5: Math.floor((c.now() * TIMEBASE) / 1e9) }),
  H_CPPR(c) {
    run(c, hCppr, { cppr: word(c, 0) & 0xff });
    return { ret: H.SUCCESS };
  },
  H_EOI(c) {
    const value = word(c, 0);
    return { ret: run(c, hEoi, { irq: value & 0xffffff, cppr: value >>> 24 }).ret };
  },
  H_IPI: (c) => ({ ret: run(c, hIpi, { server: word(c, 0), mfrr: wordOrMore(c, 1) }).ret }),
  H_IPOLL(c) {
    const { ret, r4 } = run(c, hIpoll, { server: word(c, 0) });
    return ret === H.SUCCESS ? { ret, r4 } : { ret };
  },
};

/** Creates the hcalls. A vCPU that is not in XICS mode, or was not when it entered the guest, gets H_TOO_HARD: the VMM has to answer. */
export const createHcalls =
  ({ vm, state, processes }: Context, now: () => number): Hcall =>
  (vcpu, name, args) => {
    const { irqType, pushed } = state.vcpus.at(vcpu);
    if (irqType !== DEVICE.XICS || pushed === 0) return { ret: H.TOO_HARD };
    return HANDLERS[name]({ at: { vm, vcpu }, processes: processes(), args, now });
  };
