// Frames of the distributor and the redistributors for whoever reaches them: guests through the MMIO bus, user space through device attributes.
// Linux: vgic-mmio.c dispatch_mmio_read, dispatch_mmio_write, vgic_uaccess.

import { type Block, FAULT } from '@virq/irq-core/registers';
import { GICD_V2, GICD_V3 } from '../regs/gicd.ts';
import { FRAME_BYTES } from '../regs/gicr.ts';
import { ACTIVE, vgicAccessActive } from './active.ts';
import { type Bank, createBank, type RegisterParts } from './bank.ts';
import { GICD } from './gicd.ts';
import { GICR } from './gicr.ts';
import { restoreIidr, restoreTyper2 } from './refusals.ts';

/** A frame on the guest's bus. Offsets are bytes from its base; `requester` is the vCPU that makes the access. */
export interface MmioFrame {
  /** 1, 2 or 4 bytes. */
  read(requester: number, offset: number, size: number): number;
  write(requester: number, offset: number, size: number, value: number): void;
  /** 8 bytes. */
  read64(requester: number, offset: number): bigint;
  write64(requester: number, offset: number, value: bigint): void;
  /** What a guest's load or store of a word does if it is one of active bits: locals of `vgic_access_active`; else undefined. */
  active(requester: number, offset: number, isStore: boolean): ActiveAccess | undefined;
}

/** An access to the active bits of 32 interrupts. */
export interface ActiveAccess {
  readonly vcpu: number;
  readonly bank: number;
  readonly first: number;
  readonly access: number;
}

/** A frame as user space reaches it: 32 bits at multiples of 4. */
export interface UserFrame {
  /** KVM_HAS_DEVICE_ATTR: there is a register. */
  has(offset: number): boolean;
  /** 0 where there is none. */
  get(offset: number): number;
  /** 0, also where there is no register; -EINVAL and -EBUSY by GICD_IIDR and GICD_TYPER2. */
  set(offset: number, value: number): number;
}

/** Both. */
export type RegisterFrame = MmioFrame & UserFrame;

/** The frames of a VM, by the vCPU whose banked registers they hold. */
export interface RegisterFrames {
  distributor(vcpu: number): RegisterFrame;
  /** RD_base and SGI_base, 128 KiB. */
  redistributor(vcpu: number): RegisterFrame;
}

/** The block that an offset is in, and its bank. */
interface Place {
  readonly block: Block<Bank>;
  readonly bank: Bank;
  /** Offset in the block. */
  readonly at: number;
}

const { ISACTIVER, ICACTIVER } = GICD_V3.rows;
const BANK_BYTES = ICACTIVER.at - ISACTIVER.at;
/** What an access to the active bits does; undefined for other registers. */
function activeAccess(at: number, isWrite: boolean): number | undefined {
  if (at < ISACTIVER.at || at >= ICACTIVER.at + BANK_BYTES) return undefined;
  if (!isWrite) return ACTIVE.READ;
  return at < ICACTIVER.at ? ACTIVE.SET : ACTIVE.CLEAR;
}

/** Whole words of active bits of interrupts that there are go their own way; the rest is for the block. */
function activeOf({ bank, at, block }: Place, requester: number, isStore: boolean): ActiveAccess | undefined {
  const access = block === GICR[0] ? undefined : activeAccess(at, isStore);
  if (access === undefined || block.save(bank, at) === FAULT) return undefined;
  const first = bank.handle((at % BANK_BYTES) * 8);
  return first < 0 ? undefined : { vcpu: requester, bank: bank.vcpu, first, access };
}

const wordOf = (f: { readonly word: number }): number => f.word;

/** Makes it: the word that is read. */
const accessActive = ({ ctx }: Bank, access: ActiveAccess, word: number): number =>
  ctx.processes().call(vgicAccessActive as never, { vm: ctx.vm, word, ...access } as never, wordOf as never) as number;

const isWord = (offset: number, size: number): boolean => size === 4 && (offset & 3) === 0;

/** User space's writes that can be refused, by offset in the distributor. */
const REFUSALS: Readonly<Record<number, ((c: Bank, value: number) => number) | undefined>> = {
  [GICD_V3.rows.IIDR.at]: restoreIidr,
  [GICD_V3.rows.TYPER2.at]: restoreTyper2,
};

/** An array of bits or bytes ends where the VM's interrupts do. */
function isBeyond({ bank, at }: Place): boolean {
  const rows = bank.ctx.state.dist.model === 2 ? GICD_V2.rows : GICD_V3.rows;
  for (const row of Object.values(rows) as { per?: string; at: number; bits?: number; count?: number }[]) {
    if (row.per !== 'INTID' || at < row.at || at >= row.at + ((row.bits as number) * (row.count as number)) / 8)
      continue;
    return ((at - row.at) * 8) / (row.bits as number) >= bank.nrIrqs();
  }
  return false;
}

/** How a frame is laid out, and what is particular to it for user space. */
interface FrameForm {
  readonly placeOf: (offset: number) => Place;
  readonly refusals: typeof REFUSALS;
  readonly isBeyond: (p: Place) => boolean;
}

function frameOf({ placeOf, refusals, isBeyond }: FrameForm): RegisterFrame {
  const hasRegister = (p: Place): boolean => p.block.save(p.bank, p.at) !== FAULT;
  const active: MmioFrame['active'] = (requester, offset, isStore) =>
    (offset & 3) === 0 ? activeOf(placeOf(offset), requester, isStore) : undefined;
  return {
    active,
    read(requester, offset, size) {
      const p = placeOf(offset);
      const own = isWord(offset, size) ? active(requester, offset, false) : undefined;
      return own === undefined ? p.block.read(p.bank, p.at, size) : accessActive(p.bank, own, 0);
    },
    write(requester, offset, size, value) {
      const p = placeOf(offset);
      const own = isWord(offset, size) ? active(requester, offset, true) : undefined;
      if (own === undefined) p.block.write(p.bank, p.at, size, value);
      else accessActive(p.bank, own, value >>> 0);
    },
    read64(_requester, offset) {
      const p = placeOf(offset);
      return p.block.read64(p.bank, p.at);
    },
    write64(_requester, offset, value) {
      const p = placeOf(offset);
      p.block.write64(p.bank, p.at, value);
    },
    has(offset) {
      const p = placeOf(offset);
      return hasRegister(p) && !isBeyond(p);
    },
    get(offset) {
      const p = placeOf(offset);
      return Math.max(0, p.block.save(p.bank, p.at));
    },
    set(offset, value) {
      const p = placeOf(offset);
      const refusal = hasRegister(p) ? refusals[p.at] : undefined;
      if (refusal !== undefined) return refusal(p.bank, value >>> 0);
      p.block.restore(p.bank, p.at, value >>> 0);
      return 0;
    },
  };
}

/** Creates the frames of a VM. */
export function createFrames(parts: RegisterParts): RegisterFrames {
  const { state } = parts.ctx;
  const all = Array.from({ length: state.redists.length }, (_, vcpu) => {
    const bank = createBank(parts, vcpu, true);
    const shared = createBank(parts, vcpu, false);
    const inDistributor = (at: number): Place =>
      state.dist.model === 2 ? { block: GICD[2], bank, at } : { block: GICD[3], bank: shared, at };
    const inRedistributor = (offset: number): Place =>
      offset < FRAME_BYTES ? { block: GICR[0], bank, at: offset } : { block: GICR[1], bank, at: offset - FRAME_BYTES };
    return {
      distributor: frameOf({ placeOf: inDistributor, refusals: REFUSALS, isBeyond }),
      redistributor: frameOf({ placeOf: inRedistributor, refusals: {}, isBeyond: () => false }),
    };
  });
  const of = (vcpu: number): (typeof all)[number] => all[vcpu] as (typeof all)[number];
  return { distributor: (vcpu) => of(vcpu).distributor, redistributor: (vcpu) => of(vcpu).redistributor };
}
