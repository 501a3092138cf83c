// Accesses to QEMU's ITS, and its queue of commands, which runs to the end at once. QEMU 7.2: hw/intc/arm_gicv3_its.c its_writel, its_writell, process_cmdq, extract_table_params.

import { type Behaviours, behave, type RowBehaviour } from '@virq/irq-core/registers';
import { COMMAND_BYTES, type Command, loadCommand } from '../../its/command.ts';
import type { Its, Table } from '../layout.ts';
import type { Virt } from '../machine.ts';
import { execute, RESULT } from './commands.ts';
import { BASER_FIXED, BASER_TYPE, GITS, PAGES_64K } from './registers.ts';

const VALID = 0x80000000;
const INDIRECT = 0x40000000;
const QUIESCENT = 0x80000000;
const STALLED = 1;
const PAGE = 0x1000;
/** Bits of a DeviceID and of an ICID: sixteen each. */
const IDS = 0x10000;
const ENTRY = 8;
/** Bytes of a page, by GITS_BASER.Page_Size. */
const PAGE_SIZES = [0x1000, 0x4000, 0x10000, 0x10000] as const;

/** Offset in the queue: bits 19:5. */
const OFFSET = 0xfffe0;

/** What a GITS_BASER says, taken when the ITS is enabled. */
function readTable(table: Table, lo: number, hi: number): void {
  const pageSize = PAGE_SIZES[(lo >>> 8) & 3] as number;
  const bytes = ((lo & 0xff) + 1) * pageSize;
  const indirect = (hi & INDIRECT) !== 0;
  const entries = indirect ? (bytes / ENTRY) * (pageSize / ENTRY) : bytes / ENTRY;
  const wide = pageSize === 0x10000;
  table.entries = hi >= VALID ? Math.min(entries, IDS) : 0;
  table.pageSize = pageSize;
  table.indirect = indirect ? 1 : 0;
  table.baseLo = (wide ? lo & 0xffff0000 : lo & 0xfffff000) >>> 0;
  table.baseHi = (hi & 0xffff) | (wide ? ((lo >>> 12) & 0xf) << 16 : 0);
}

function readQueue(its: Its): void {
  its.commands = its.cbaserHi >= VALID ? (((its.cbaserLo & 0xff) + 1) * PAGE) / COMMAND_BYTES : 0;
  its.queueLo = (its.cbaserLo & 0xfffff000) >>> 0;
  its.queueHi = its.cbaserHi & 0xfffff;
}

/** The command that is carried out. */
const command = {} as Command;

/** process_cmdq: from CREADR to CWRITER; out of the queue nothing runs. */
function run(m: Virt): void {
  const { its } = m.state;
  const end = (its.cwriterLo & OFFSET) / COMMAND_BYTES;
  let at = (its.creadrLo & OFFSET) / COMMAND_BYTES;
  if (its.enabled === 0 || end >= its.commands || at >= its.commands) return;
  while (at !== end) {
    const readable = loadCommand(m.ram, Number(its.queue) + at * COMMAND_BYTES, command);
    const result = readable ? execute(m, command) : RESULT.STALL;
    if (result !== RESULT.DONE && m.trace.on)
      m.trace.emit('its_command_error', { offset: at * COMMAND_BYTES, opcode: command.opcode, error: result });
    if (result === RESULT.STALL) {
      its.creadrLo = (its.creadrLo | STALLED) >>> 0;
      return;
    }
    at = (at + 1) % its.commands;
    its.creadrLo = ((its.creadrLo & ~OFFSET) | (at * COMMAND_BYTES)) >>> 0;
  }
}

type Row = RowBehaviour<Virt>;
type Register = 'cbaser' | 'cwriter' | 'creadr' | 'baser0' | 'baser1';

const half = (field: Register, high: number): `${Register}Lo` | `${Register}Hi` =>
  `${field}${high === 1 ? 'Hi' : 'Lo'}`;

/** A 64-bit register in two words; `then` follows a write. */
const wide = (
  field: Register,
  keep: (value: number, high: number) => number,
  then?: (m: Virt, high: number) => void,
): Row => ({
  read: ({ state }, _i, high) => state.its[half(field, high)],
  write(m, value, _i, high) {
    m.state.its[half(field, high)] = keep(value, high);
    then?.(m, high);
  },
});

/** Written only while the ITS is off. */
function whileOff(row: Row): Row {
  const { write } = row;
  return {
    ...row,
    write(m, value, i, high) {
      if (m.state.its.enabled === 0) write?.(m, value, i, high);
    },
  };
}

const asIs = (value: number): number => value;

const baser = (field: 'baser0' | 'baser1'): Row =>
  whileOff({
    read: ({ state }, _i, high) => state.its[half(field, high)],
    write({ state: { its } }, value, _i, high) {
      const name = half(field, high);
      its[name] = high === 0 ? value : ((value & ~BASER_FIXED) | (its[name] & BASER_FIXED)) >>> 0;
    },
  });

/** Bit 0 of CWRITER (Retry) and of CREADR (Stalled) cannot be written. */
const withoutBit0 = (value: number, high: number): number => (high === 0 ? value & ~1 : value) >>> 0;

const IDS_OF_ITS = [0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];

const BEHAVIOURS: Behaviours<Virt, keyof typeof GITS.rows & string> = {
  CTLR: {
    read: ({ state }) => QUIESCENT + state.its.enabled,
    write(m, value) {
      const { its } = m.state;
      its.enabled = value & 1;
      if (its.enabled === 0) return;
      readTable(its.devices, its.baser0Lo, its.baser0Hi);
      readTable(its.collections, its.baser1Lo, its.baser1Hi);
      readQueue(its);
      run(m);
    },
  },
  CBASER: whileOff(
    wide('cbaser', asIs, ({ state }) => {
      state.its.creadr = 0n;
    }),
  ),
  CWRITER: wide('cwriter', withoutBit0, (m, high) => {
    const { its } = m.state;
    if (high === 0 && its.cwriter !== its.creadr) run(m);
  }),
  CREADR: wide('creadr', withoutBit0),
  BASER0: baser('baser0'),
  BASER1: baser('baser1'),
  IDREGS: { read: (_m, n) => IDS_OF_ITS[n] as number },
};

/** The control frame. */
export const control = behave(GITS, BEHAVIOURS, (m: Virt, error) => {
  if (m.trace.on) m.trace.emit('vgic_guest_error', error);
});

/** Reset: types and entry sizes of the tables, pages of 64 KiB. */
export function resetIts({ state: { its } }: Virt): void {
  its.baser0Lo = PAGES_64K;
  its.baser0Hi = BASER_TYPE.DEVICE;
  its.baser1Lo = PAGES_64K;
  its.baser1Hi = BASER_TYPE.COLLECTION;
}
