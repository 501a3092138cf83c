// One guest (VM) of the capture: its rows, what was learnt about its routes, and which vector waits on which local APIC.
import { createInterruptRow, type InterruptRow, type RowKind } from './interrupt-row.ts';

/** A vector on one local APIC between acceptance and EOI. */
export interface VectorSlot {
  row: InterruptRow | undefined;
  pending: boolean;
  injected: boolean;
  trigger: number;
  /** Accepted from an IOAPIC pin: a level EOI must reach that pin as kvm_ack_irq. */
  fromIoapic: boolean;
  raiseTime: number;
  injectTime: number;
  /** Accepted again while waiting to be injected or in service. */
  acceptedAgain: number;
}

/** A guest while the capture is being read. */
export interface Guest {
  readonly index: number;
  /** Process id, -1 if the capture does not tell. */
  tgid: number;
  comm: string;
  /** True for events that cannot be attributed to one of several guests. */
  readonly unattributed: boolean;
  readonly gsis: Map<number, InterruptRow>;
  readonly others: Map<number, InterruptRow>;
  readonly ioapicPins: Map<number, InterruptRow>;
  readonly picPins: Map<number, InterruptRow>;
  readonly byVector: Map<number, InterruptRow>;
  readonly slots: Map<number, VectorSlot>;
  /** ICW2 of the two PICs, -1 unknown; and which PIC expects ICW2 next (bit per PIC). */
  readonly picBase: [number, number];
  icw2Expected: number;
  /** Thread of each APIC id, with the one before it, to notice two guests behind one name. */
  readonly vcpuThreads: Map<number, { pid: number; before: number }>;
  /** Latest time a vCPU of this guest was seen at work. */
  lastActivity: number;
}

/** Rows per guest; beyond this, new interrupts are not tracked (their events are still counted by name). */
export const MAX_ROWS = 4096;
const MAX_SLOTS = 65536;
const KIND_KEYS: Readonly<Record<RowKind, number>> = { gsi: 0, msi: 1, ppi: 2, local: 3 };
const KEY_STRIDE = 2 ** 34;

/** A guest without history. */
export function createGuest(index: number, unattributed: boolean): Guest {
  return {
    index,
    tgid: -1,
    comm: '',
    unattributed,
    gsis: new Map(),
    others: new Map(),
    ioapicPins: new Map(),
    picPins: new Map(),
    byVector: new Map(),
    slots: new Map(),
    picBase: [-1, -1],
    icw2Expected: 0,
    vcpuThreads: new Map(),
    lastActivity: -1,
  };
}

/** The row of a GSI. Beyond {@link MAX_ROWS} an unlisted row is returned, so callers need not care. */
export function gsiRow(guest: Guest, gsi: number): InterruptRow {
  const known = guest.gsis.get(gsi);
  if (known) return known;
  const row = createInterruptRow('gsi', guest.index, gsi, -1);
  if (guest.gsis.size < MAX_ROWS) guest.gsis.set(gsi, row);
  return row;
}

/** The row of an MSI, PPI or local vector. */
export function otherRow(guest: Guest, kind: Exclude<RowKind, 'gsi'>, id: number, target: number): InterruptRow {
  const key = (KIND_KEYS[kind] * KEY_STRIDE + (target + 1)) * 1024 + id;
  const known = guest.others.get(key);
  if (known) return known;
  const row = createInterruptRow(kind, guest.index, id, target);
  if (guest.others.size < MAX_ROWS) guest.others.set(key, row);
  return row;
}

/** The slot of a vector on a local APIC. */
export function vectorSlot(guest: Guest, apicid: number, vector: number): VectorSlot {
  const key = apicid * 256 + vector;
  const known = guest.slots.get(key);
  if (known) return known;
  const slot = {
    row: undefined,
    pending: false,
    injected: false,
    trigger: -1,
    fromIoapic: false,
    raiseTime: -1,
    injectTime: -1,
    acceptedAgain: 0,
  };
  if (guest.slots.size < MAX_SLOTS) guest.slots.set(key, slot);
  return slot;
}

/** The slot in which `vector` waits for injection: on `apicid` if known, else on whichever local APIC has it. */
export function waitingSlot(guest: Guest, apicid: number, vector: number): VectorSlot | undefined {
  const own = apicid < 0 ? undefined : guest.slots.get(apicid * 256 + vector);
  if (own?.pending) return own;
  for (const [id] of guest.vcpuThreads) {
    const slot = guest.slots.get(id * 256 + vector);
    if (slot?.pending && !slot.injected) return slot;
  }
  const first = guest.slots.get(vector);
  return first?.pending ? first : undefined;
}
