// RTAS calls on interrupts that KVM handles in the kernel. Linux: arch/powerpc/kvm/book3s_rtas.c; PAPR 7.3.10.

import { EIO } from '@virq/irq-core/errors';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import type { Context } from '../kvm/context.ts';
import { DEVICE } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import { intOff, intOn, setXive } from '../protocols/xics-mask.ts';
import type { Xics } from './xics.ts';

/** Status of a call that could not be done, whatever the reason. */
export const RTAS_PARAMETER = -3;

/** Result of a call: rets[0], and the others. */
export interface RtasResult {
  readonly status: number;
  readonly rets: readonly number[];
}

/** Calls by name: how many arguments they take and words they return, and what they do. */
interface RtasCall {
  readonly summary: string;
  readonly nargs: number;
  readonly nret: number;
  run(args: readonly number[]): RtasResult;
}

/** The calls. */
export type Rtas = Readonly<Record<RtasName, RtasCall>>;
/** Their names. */
export const RTAS_NAMES = ['ibm,set-xive', 'ibm,get-xive', 'ibm,int-off', 'ibm,int-on'] as const;
export type RtasName = (typeof RTAS_NAMES)[number];

const status = (rc: number): RtasResult => ({ status: rc === 0 ? 0 : RTAS_PARAMETER, rets: [] });

/** Creates the calls. */
export function createRtas({ vm, state, processes, trace }: Context, xics: Xics): Rtas {
  const call = (protocol: AnyProtocol<never>, args: object): number =>
    state.device === DEVICE.NONE
      ? EIO
      : processes().call(
          protocol as never,
          { vm, ...args } as never,
          (f) => (f as unknown as { readonly rc: number }).rc,
        );

  /** Abstraction: Linux cuts a priority to eight bits after it has asked whether it masks; one of 0xFF by the cut alone has no queue, and is refused. */
  function cutPriority(priority: number): number {
    if (priority > MASKED && (priority & 0xff) === MASKED) {
      if (trace.on) trace.emit('xive_guest_error', { unit: 'rtas', number: priority, what: 'no such priority' });
      return -1;
    }
    return priority & 0xff;
  }

  return {
    'ibm,set-xive': {
      summary: 'target and priority of a source, 0xFF masks it',
      nargs: 3,
      nret: 1,
      run([irq = 0, server = 0, given = 0]) {
        const priority = cutPriority(given);
        return status(priority < 0 ? EIO : call(setXive, { irq, server, priority }));
      },
    },
    'ibm,get-xive': {
      summary: 'target that the source has, and the priority the guest gave it',
      nargs: 1,
      nret: 3,
      run([irq = 0]) {
        const s = state.device === DEVICE.NONE ? null : xics.sources.find(irq);
        return s === null ? status(EIO) : { status: 0, rets: [s.actServer, s.guestPriority] };
      },
    },
    'ibm,int-off': { summary: 'masks a source', nargs: 1, nret: 1, run: ([irq = 0]) => status(call(intOff, { irq })) },
    'ibm,int-on': {
      summary: 'unmasks a source with the priority it had',
      nargs: 1,
      nret: 1,
      run: ([irq = 0]) => status(call(intOn, { irq })),
    },
  };
}

/** Makes a call: {@link RTAS_PARAMETER} if it takes another number of arguments. */
export function callRtas(rtas: Rtas, name: RtasName, args: readonly number[]): RtasResult {
  const call = rtas[name];
  return args.length === call.nargs ? call.run(args) : { status: RTAS_PARAMETER, rets: [] };
}
