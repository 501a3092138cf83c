// The guest tells an ITS of commands, or switches it: who writes the register carries them out, one after the other. Linux: vgic-its.c vgic_mmio_write_its_cwriter,
// vgic_mmio_write_its_ctlr, vgic_its_process_commands. Each command goes by its plan (work.ts): LPIs, translations, references, then what is left.

import { bits, handle, u1, u8, u16, u32, u64 } from '@virq/irq-core/arena';
import { type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { COMMAND_BYTES, loadCommand } from '../command.ts';
import { begin, finish } from '../commands.ts';
import { announce, switchIts } from '../control.ts';
import { nextOfEach } from '../each.ts';
import { queueAt, queueBytes, reportCommand } from '../queue.ts';
import { EACH, EFFECT, type Work } from '../work.ts';
import { ADD_LOCALS, type AddFrame, addLpi } from './add.ts';
import { changeLpi } from './change.ts';
import { vgicItsInvalidateCache } from './forget.ts';
import { KEEP_LOCALS, type KeepFrame, vgicItsCacheTranslation } from './keep.ts';
import { vgicPutIrq } from './put.ts';
import { type ItsMachine, itsOf, lpisOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** GITS registers that run commands. */
export const WRITE = { CWRITER: 0, CTLR: 1 } as const;

/** `register` is one of {@link WRITE}, `written` its new value; the rest is the command under way. */
const COMMAND_LOCALS = {
  ...ADD_LOCALS,
  ...KEEP_LOCALS,
  register: u1,
  written: u32,
  opcode: u8,
  intid: u32,
  bits: u8,
  icid: u16,
  rdbase: u32,
  second: u32,
  itt: u64,
  valid: u1,
  each: bits(2),
  cursor: u32,
  ite: handle,
  handle,
  fresh: u1,
  forget: u1,
  keep: u1,
} as const;
type CommandFrame = Work & KeepFrame & AddFrame & { register: number; written: number; itt: bigint };

const readConfig = (m: ItsMachine, f: CommandFrame): void => {
  if (f.effect !== EFFECT.CONFIGURE || f.lpi === 0) return;
  f.value = Math.max(0, lpisOf(m, f).memory.configByte(lpisOf(m, f).at(f.lpi).intid));
};

/** A write of GITS_CWRITER or GITS_CTLR. */
export const vgicItsProcessCommands = protocol(
  'vgic_its_process_commands',
  COMMAND_LOCALS,
  (p: Combinators<ItsMachine, CommandFrame>) => ({
    ...p.locked('cmd', (m, f) => itsOf(m, f).state.cmdLock, {
      accept(m, f): Outcome<'isEmpty' | 'unlock cmd'> {
        const its = itsOf(m, f);
        const accepted = f.register === WRITE.CTLR ? switchIts(its, f.written) : announce(its, f.written);
        if (!accepted) return 'unlock cmd';
        return f.register === WRITE.CTLR && its.state.enabled === 0 ? undefined : 'isEmpty';
      },
      ...p.include('off', vgicItsInvalidateCache as never),
      isEmpty(m, f): Outcome<'unlock cmd'> {
        const { enabled, creadr, cwriter } = itsOf(m, f).state;
        return enabled === 0 || creadr === cwriter ? 'unlock cmd' : undefined;
      },
      load: p.sleeps((m: ItsMachine, f: CommandFrame): Outcome<'advance'> => {
        const its = itsOf(m, f);
        return loadCommand(its.ram, queueAt(its) + its.state.creadr, f) ? undefined : 'advance';
      }),
      ...p.locked('its', (m, f) => itsOf(m, f).state.itsLock, {
        begin(m, f): Outcome<'unlock its' | 'nextOfEach'> {
          const result = begin(itsOf(m, f), f);
          if (result !== 0) {
            reportCommand(itsOf(m, f), f.opcode, result);
            return 'unlock its';
          }
          return f.wanted === 0 ? 'nextOfEach' : undefined;
        },
        ...p.include('add', addLpi as never),
        added(_m, f) {
          f.put = 0;
        },
        nextOfEach: (m, f): Outcome<'forgetsOrNot'> => (nextOfEach(itsOf(m, f), f) ? undefined : 'forgetsOrNot'),
        readEach: readConfig,
        ...p.include('each', changeLpi as never),
        ...p.include('eachPut', vgicPutIrq as never),
        again(_m, f): Outcome<'nextOfEach'> {
          f.put = 0;
          return 'nextOfEach';
        },
        forgetsOrNot: (_m, f): Outcome<'keepsOrNot'> => (f.forget === 1 ? holdBack(f) : 'keepsOrNot'),
        ...p.include('cache', vgicItsInvalidateCache as never),
        release(_m, f) {
          f.put = f.ite;
        },
        keepsOrNot: (_m, f): Outcome<'dropsOrNot'> => (f.keep === 1 ? undefined : 'dropsOrNot'),
        ...p.include('keep', vgicItsCacheTranslation as never),
        dropsOrNot: (_m, f): Outcome<'changes'> => (f.keep === 1 ? 'changes' : undefined),
        ...p.include('drop', vgicPutIrq as never),
        changes: (_m, f): Outcome<'finish'> => (f.each === EACH.NONE && f.wanted === 0 ? undefined : 'finish'),
        readOne: readConfig,
        ...p.include('change', changeLpi as never),
        finish(m, f) {
          const result = finish(itsOf(m, f), f);
          if (result !== 0) reportCommand(itsOf(m, f), f.opcode, result);
        },
      }),
      advance(m, f): Outcome<'isEmpty'> {
        const { state } = itsOf(m, f);
        state.creadr = (state.creadr + COMMAND_BYTES) % queueBytes(itsOf(m, f));
        return 'isEmpty';
      },
    }),
  }),
);

/** DISCARD's own reference goes after those of the cache, which pass through `put`. */
function holdBack(f: CommandFrame): undefined {
  f.ite = f.put;
  f.put = 0;
  return undefined;
}
