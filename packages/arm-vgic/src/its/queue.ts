// The command queue: runs to its end in whoever writes GITS_CWRITER or GITS_CTLR; what a command finds wrong stops nothing. Linux: vgic-its.c vgic_its_process_commands.

import { COMMAND_BYTES, loadCommand } from './command.ts';
import type { ItsContext } from './context.ts';
import { execute } from './execute.ts';
import { createWork } from './work.ts';

const QUEUE_PAGE = 0x1000;

/** Bytes of the queue of GITS_CBASER. */
export const queueBytes = ({ state }: ItsContext): number => ((state.cbaserLo & 0xff) + 1) * QUEUE_PAGE;

/** Address of the queue, GITS_CBASER[51:12]. */
export const queueAt = ({ state }: ItsContext): number =>
  (state.cbaserHi & 0xfffff) * 2 ** 32 + ((state.cbaserLo & 0xfffff000) >>> 0);

/** Tells of a command that found something wrong. */
export function reportCommand({ state, trace }: ItsContext, opcode: number, error: number | 'unreadable'): void {
  if (trace.on) trace.emit('its_command_error', { offset: state.creadr, opcode, error });
}

/** Creates what runs the queue of an ITS while that is enabled. */
export function createQueue(its: ItsContext): () => void {
  const { state, ram } = its;
  const command = createWork();
  return () => {
    if (state.enabled === 0) return;
    const base = queueAt(its);
    const bytes = queueBytes(its);
    while (state.creadr !== state.cwriter) {
      const readable = loadCommand(ram, base + state.creadr, command);
      const result = readable ? execute(its, command) : 0;
      if (!readable) reportCommand(its, command.opcode, 'unreadable');
      else if (result !== 0) reportCommand(its, command.opcode, result);
      state.creadr = (state.creadr + COMMAND_BYTES) % bytes;
    }
  };
}
