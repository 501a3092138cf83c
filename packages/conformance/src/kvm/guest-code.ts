// What the guest runs, in 32-bit flat mode: a loop that takes registers and a snippet from a block of memory, makes one access, and reports
// with `out 0x80`. 256 exception and interrupt gates report their vector on port 0x81. Nothing ever returns: KVM's emulator has no IRET in
// protected mode. The host never sets registers: KVM_SET_REGS would ask for KVM_REQ_EVENT, which a guest access does not.

import { SEGMENT, SREGS } from './structs.ts';

/** Where things are in the guest's memory. */
export const MEMORY = {
  SIZE: 0x10000,
  LOOP: 0x0800,
  END: 0x0900,
  CODE: 0x1000,
  IDT: 0x2000,
  GDT: 0x4000,
  BLOCK: 0x5000,
  STUBS: 0x6000,
  STACK: 0x9000,
} as const;

/** The block through which host and guest talk: words from BLOCK on. */
export const BLOCK = { EAX: 0, ECX: 4, EDX: 8, ESI: 12, CODE: 16, OUT_EAX: 20, OUT_EDX: 24 } as const;

/** Ports on which the guest reports: end of an access, vector of a gate. */
export const PORT = { DONE: 0x80, VECTOR: 0x81 } as const;

/** Instructions by name, with the operand sizes they have. */
const CODE: Readonly<Record<string, readonly number[]>> = {
  load1: [0x8a, 0x06],
  load2: [0x66, 0x8b, 0x06],
  load4: [0x8b, 0x06],
  store1: [0x88, 0x06],
  store2: [0x66, 0x89, 0x06],
  store4: [0x89, 0x06],
  in1: [0xec],
  in2: [0x66, 0xed],
  in4: [0xed],
  out1: [0xee],
  out2: [0x66, 0xef],
  out4: [0xef],
  rdmsr: [0x0f, 0x32],
  wrmsr: [0x0f, 0x30],
  nop: [0x90],
  cli: [0x90, 0xfa],
};
const SLOT = 16;
const STUB = 16;

/** Address of a snippet, or undefined when there is none of that name. */
export function snippet(name: string): number | undefined {
  const index = Object.keys(CODE).indexOf(name);
  return index < 0 ? undefined : MEMORY.CODE + index * SLOT;
}

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((b) => b & 0xff);
const inBlock = (field: number): number[] => word(MEMORY.BLOCK + field);
/** JMP to a target from where so many bytes of code stand already. */
const jump = (at: number, before: readonly number[], target: number): number[] => [
  0xe9,
  ...word(target - (at + before.length + 5)),
];

/** mov esp, STACK; mov eax, ecx, edx, esi from the block; jmp to the snippet. */
const LOOP = [
  0xbc,
  ...word(MEMORY.STACK),
  0xa1,
  ...inBlock(BLOCK.EAX),
  ...[0x8b, 0x0d, ...inBlock(BLOCK.ECX)],
  ...[0x8b, 0x15, ...inBlock(BLOCK.EDX)],
  ...[0x8b, 0x35, ...inBlock(BLOCK.ESI)],
  ...[0xff, 0x25, ...inBlock(BLOCK.CODE)],
];
/** mov the results to the block; out 0x80. */
const END = [0xa3, ...inBlock(BLOCK.OUT_EAX), 0x89, 0x15, ...inBlock(BLOCK.OUT_EDX), 0xe6, PORT.DONE];

/** Writes code, gates and descriptor table into the guest's memory. */
export function writeGuest(memory: Uint8Array): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  const put = (at: number, code: readonly number[], target: number): void =>
    memory.set([...code, ...jump(at, code, target)], at);
  memory.set(LOOP, MEMORY.LOOP);
  put(MEMORY.END, END, MEMORY.LOOP);
  for (const [i, code] of Object.values(CODE).entries()) put(MEMORY.CODE + i * SLOT, code, MEMORY.END);
  for (let vector = 0; vector < 256; vector++) {
    const stub = MEMORY.STUBS + vector * STUB;
    put(stub, [0xb0, vector, 0xe6, PORT.VECTOR], MEMORY.LOOP);
    view.setUint32(MEMORY.IDT + vector * 8, 0x0008_0000 | stub, true);
    view.setUint32(MEMORY.IDT + vector * 8 + 4, 0x8e00, true);
  }
  view.setBigUint64(MEMORY.GDT + 8, 0x00cf_9b00_0000_ffffn, true);
  view.setBigUint64(MEMORY.GDT + 16, 0x00cf_9300_0000_ffffn, true);
}

function writeSegment(view: DataView, at: number, selector: number, type: number): void {
  view.setBigUint64(at + SEGMENT.BASE, 0n, true);
  view.setUint32(at + SEGMENT.LIMIT, 0xffffffff, true);
  view.setUint16(at + SEGMENT.SELECTOR, selector, true);
  for (const [field, value] of [
    [SEGMENT.TYPE, type],
    [SEGMENT.PRESENT, 1],
    [SEGMENT.DPL, 0],
    [SEGMENT.DB, 1],
    [SEGMENT.S, 1],
    [SEGMENT.L, 0],
    [SEGMENT.G, 1],
    [SEGMENT.UNUSABLE, 0],
  ] as const)
    view.setUint8(at + field, value);
}

/** Turns the special registers of a reset CPU into 32-bit flat mode with our tables. */
export function flatMode(sregs: Uint8Array): void {
  const view = new DataView(sregs.buffer, sregs.byteOffset);
  writeSegment(view, SREGS.CS, 8, 11);
  for (const at of [SREGS.DS, SREGS.ES, SREGS.FS, SREGS.GS, SREGS.SS]) writeSegment(view, at, 16, 3);
  view.setBigUint64(SREGS.GDT, BigInt(MEMORY.GDT), true);
  view.setUint16(SREGS.GDT + 8, 23, true);
  view.setBigUint64(SREGS.IDT, BigInt(MEMORY.IDT), true);
  view.setUint16(SREGS.IDT + 8, 0x7ff, true);
  view.setBigUint64(SREGS.CR0, 0x11n, true);
  view.setBigUint64(SREGS.CR4, 0n, true);
  view.setBigUint64(SREGS.EFER, 0n, true);
}
