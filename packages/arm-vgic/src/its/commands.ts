// Which handler an opcode has: what it does under the ITS's lock before its LPIs change, and after. Linux: vgic-its.c vgic_its_handle_command.

import { ERRNO } from '@virq/irq-core/errors';
import { COMMAND } from './codes.ts';
import type { ItsContext } from './context.ts';
import { clear, discard, finishDiscard, finishInvall, int, inv, invall, movall, movi } from './event-commands.ts';
import { finishMap, finishMapd, mapc, mapd, mapi, mapti } from './map-commands.ts';
import { startWork, type Work } from './work.ts';

/** 0, a code of E_ITS, or -errno. */
type Part = (its: ItsContext, w: Work) => number;

interface Handler {
  readonly begin: Part;
  readonly finish?: Part;
}

const HANDLERS: readonly (Handler | undefined)[] = Object.assign(new Array<Handler | undefined>(256).fill(undefined), {
  [COMMAND.MOVI]: { begin: movi },
  [COMMAND.INT]: { begin: int },
  [COMMAND.CLEAR]: { begin: clear },
  [COMMAND.SYNC]: { begin: () => 0 },
  [COMMAND.MAPD]: { begin: mapd, finish: finishMapd },
  [COMMAND.MAPC]: { begin: mapc },
  [COMMAND.MAPTI]: { begin: mapti, finish: finishMap },
  [COMMAND.MAPI]: { begin: mapi, finish: finishMap },
  [COMMAND.INV]: { begin: inv },
  [COMMAND.INVALL]: { begin: invall, finish: finishInvall },
  [COMMAND.MOVALL]: { begin: movall },
  [COMMAND.DISCARD]: { begin: discard, finish: finishDiscard },
} satisfies Record<number, Handler>);

/** Checks a command and says what it has to do; -ENODEV for an opcode KVM does not have. */
export function begin(its: ItsContext, w: Work): number {
  startWork(w);
  return HANDLERS[w.opcode]?.begin(its, w) ?? -ERRNO.ENODEV;
}

/** What is left when its LPIs have changed. */
export const finish = (its: ItsContext, w: Work): number => HANDLERS[w.opcode]?.finish?.(its, w) ?? 0;
