// A page of the device's file is touched where nothing is mapped. Linux: book3s_xive_native.c xive_native_esb_fault, xive_native_tima_fault; mm/memory.c handle_mm_fault under mmap_lock for reading.

import { u8, u16, u32 } from '@virq/irq-core/arena';
import { assert, BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ESB_PAGE } from '../hw/esb.ts';
import { BLOCK_SOURCES, PFN, VMA, type Vma } from '../kvm/layout.ts';
import { FILE_PAGE } from '../kvm/mappings.ts';
import { type PowerMachine, roomOf } from './world.ts';
import { mappingLockOf } from './zap.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** What becomes of a fault; `pending` until it is decided. */
export const FAULT = { PENDING: 0, NOPAGE: 1, SIGBUS: 2, SIGSEGV: 3 } as const;

/** `page` is the virtual page touched, `offset` the handler's own idea of where in the window that is; `data` 1 + index of a hardware source, 0 for NULL. */
export const FAULT_LOCALS = {
  vm: u8,
  result: u8,
  data: u16,
  page: u32,
  offset: u32,
  gsi: u32,
  number: u32,
  pfn: u32,
} as const;
/** Frame of a fault. */
export type FaultFrame = { -readonly [K in keyof typeof FAULT_LOCALS]: number };
type Frame = FaultFrame;

/** Takes mmap_lock for reading. */
function enterMm(m: PowerMachine, f: Frame): Outcome<never> {
  const { state } = roomOf(m, f).context;
  if (state.mmapLock.holder !== 0) return BLOCKED;
  state.mmapReaders++;
  return undefined;
}

/** Where a page is in the window that its mapping shows. */
type PageOffset = (v: Vma, page: number) => number;

/** Linux: counted from the beginning of the mapping, so after a split from the wrong place. */
const sinceMapping: PageOffset = (v, page) => page - v.start;
/** Corrected: counted in the file. */
const sinceWindow: PageOffset = (v, page) =>
  page - v.start + v.pgoff - (v.kind === VMA.TIMA ? FILE_PAGE.TIMA : FILE_PAGE.ESB);

const findVmaWith =
  (offsetOf: PageOffset) =>
  (m: PowerMachine, f: Frame): Outcome<'leaveMm' | 'timaPage'> => {
    const v = roomOf(m, f).mappings.find(f.page);
    if (v === null) {
      f.result = FAULT.SIGSEGV;
      return 'leaveMm';
    }
    f.offset = offsetOf(v, f.page);
    f.gsi = f.offset >>> 1;
    return v.kind === VMA.TIMA ? 'timaPage' : undefined;
  };

function findSource(m: PowerMachine, f: Frame): Outcome<'leaveMm'> {
  const s = roomOf(m, f).sources.find(f.gsi);
  if (s !== null && s.valid === 1) return undefined;
  f.result = FAULT.SIGBUS;
  return 'leaveMm';
}

const source = (m: PowerMachine, f: Frame) => roomOf(m, f).sources.find(f.gsi);

/** kvmppc_xive_select_irq, first half. */
function selectNumber(m: PowerMachine, f: Frame): void {
  f.number = source(m, f)?.ptNumber ?? 0;
}

/** Its second half. */
function selectData(m: PowerMachine, f: Frame): void {
  const s = source(m, f);
  f.data = (f.number === 0 ? s?.ipi : s?.ptData) ?? 0;
}

/** Even pages are for triggers, odd ones for management. A source with one page has the same for both; an LSI of a PHB has none for triggers. */
function readPage(m: PowerMachine, f: Frame): void {
  assert(f.data !== 0, 'the fault handler follows a NULL xive_irq_data');
  const index = f.data - 1;
  const { opal } = m.parts.power;
  const info = opal.irqs.info(opal.irqs.numberOf(index));
  const management = (f.offset & 1) === 1 || info?.shift === 16;
  const has = management || info?.triggerPage === true;
  f.pfn = has ? PFN.esb(index, management ? ESB_PAGE.MANAGEMENT : ESB_PAGE.TRIGGER) : PFN.NONE;
}

function insert(m: PowerMachine, f: Frame): void {
  f.result = f.pfn === PFN.NONE ? FAULT.SIGBUS : FAULT.NOPAGE;
  if (f.result === FAULT.NOPAGE) roomOf(m, f).mappings.insert(f.page, f.pfn);
}

/** Only the OS page of the TIMA can be had. */
function timaPage(m: PowerMachine, f: Frame): void {
  const OS_PAGE = 2;
  f.result = f.offset === OS_PAGE ? FAULT.NOPAGE : FAULT.SIGBUS;
  if (f.result === FAULT.NOPAGE) roomOf(m, f).mappings.insert(f.page, PFN.TIMA_OS);
}

function leaveMm(m: PowerMachine, f: Frame): void {
  const { state, trace } = roomOf(m, f).context;
  state.mmapReaders--;
  if (f.result === FAULT.SIGBUS && trace.on) trace.emit('xive_sigbus', { page: f.page, why: `offset ${f.offset}` });
}

const lockOf = (m: PowerMachine, f: Frame) => roomOf(m, f).context.state.sbLocks.at(Math.floor(f.gsi / BLOCK_SOURCES));

/** The kernel's handler: it asks which source before it takes the lock of the block, and inserts the page after it has dropped it. */
export const esbFault = protocol('xive_native_esb_fault', FAULT_LOCALS, (p: Combinators<PowerMachine, Frame>) => ({
  enterMm,
  findVma: findVmaWith(sinceMapping),
  findSource,
  selectNumber,
  selectData,
  ...p.spinlocked('sb', lockOf, { readPage }),
  insert(m, f) {
    insert(m, f);
    return 'leaveMm';
  },
  timaPage,
  leaveMm,
}));

/** Corrected: which source it is the file's page says; mapping_lock is held from the question to the insertion, and the question is asked under the lock of the block. */
export const esbFaultCorrected = protocol(
  'xive_native_esb_fault (corrected)',
  FAULT_LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    enterMm,
    findVma: findVmaWith(sinceWindow),
    findSource,
    ...p.locked('mapping', mappingLockOf, {
      ...p.spinlocked('sb', lockOf, { selectNumber, selectData, readPage }),
      insert,
    }),
    isDone: () => 'leaveMm',
    timaPage,
    leaveMm,
  }),
);
