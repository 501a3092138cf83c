// What each page of the TIMA may see of the 64 bytes of a thread's context, byte by byte. QEMU 7.2: hw/intc/xive.c xive_tm_{hw,hv,os,user}_view.

/** Pages, most privileged first. */
export const TM_PAGE = { HW: 0, HV: 1, OS: 2, USER: 3 } as const;

/** Access per byte: 0 none, 1 write, 2 read, 3 both. Rows are QW0 user, QW1 OS, QW2 pool, QW3 physical, four bytes to a group. */
const VIEWS: readonly (readonly [string, string, string, string])[] = [
  ['3000 0000 3333 0000', '3333 3302 3333 0000', '0033 0000 3333 0000', '3333 0302 3003 3330'],
  ['3000 0000 3333 0000', '3333 3302 3333 0000', '0033 0000 0333 0000', '3333 0302 3003 0000'],
  ['3000 0000 3333 0000', '2322 2202 0000 0000', '0000 0000 0000 0000', '0000 0000 0000 0000'],
  ['3000 0000 0000 0000', '0000 0000 0000 0000', '0000 0000 0000 0000', '0000 0000 0000 0000'],
];

const LOAD = 2;
const STORE = 1;

/** Words of 0xFF where a byte may be accessed: 16 of four bytes per page. */
function masks(direction: number): Uint32Array {
  const bytes = VIEWS.map((rings) => rings.join('').replaceAll(' ', '')).join('');
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < bytes.length; i++)
    if ((Number(bytes[i]) & direction) !== 0) (words[i >>> 2] as number) |= 0xff << (24 - 8 * (i & 3));
  return words;
}

const LOADABLE = masks(LOAD);
const STORABLE = masks(STORE);

/** Bits of the word at an offset (0 to 0x3C) that a page can load. */
export const loadable = (page: number, offset: number): number => LOADABLE[page * 16 + (offset >>> 2)] as number;
/** Bits of the word at an offset that a page can store. */
export const storable = (page: number, offset: number): number => STORABLE[page * 16 + (offset >>> 2)] as number;
