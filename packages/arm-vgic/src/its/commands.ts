// Which handler an opcode has. Linux: vgic-its.c vgic_its_handle_command.

import { ERRNO } from '@virq/irq-core/errors';
import { COMMAND } from './codes.ts';
import type { Command } from './command.ts';
import type { ItsContext } from './context.ts';
import { clear, discard, int, inv, invall, movall, movi } from './event-commands.ts';
import { mapc, mapd, mapi, mapti } from './map-commands.ts';

/** 0, a code of E_ITS, or -errno. */
type Handler = (its: ItsContext, command: Command) => number;

const HANDLERS: readonly (Handler | undefined)[] = Object.assign(new Array<Handler | undefined>(256).fill(undefined), {
  [COMMAND.MOVI]: movi,
  [COMMAND.INT]: int,
  [COMMAND.CLEAR]: clear,
  [COMMAND.SYNC]: () => 0,
  [COMMAND.MAPD]: mapd,
  [COMMAND.MAPC]: mapc,
  [COMMAND.MAPTI]: mapti,
  [COMMAND.MAPI]: mapi,
  [COMMAND.INV]: inv,
  [COMMAND.INVALL]: invall,
  [COMMAND.MOVALL]: movall,
  [COMMAND.DISCARD]: discard,
} satisfies Record<number, Handler>);

/** Carries out one command; -ENODEV for an opcode KVM does not have. */
export function execute(its: ItsContext, command: Command): number {
  const handler = HANDLERS[command.opcode];
  return handler === undefined ? -ERRNO.ENODEV : handler(its, command);
}
