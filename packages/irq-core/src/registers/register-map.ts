// Register maps as data: offset, width, access class, fields, manual section. Tests, docs, `describe` and dispatch read the same rows.

/** Access class of a register as the guest sees it. RAZ: reads as zero. WI: writes ignored. RC: cleared by reading. */
export type Access = 'RW' | 'RO' | 'WO' | 'W1C' | 'W1S' | 'RC' | 'RAZ/WI' | 'RAZ' | 'WI';

/** A field: one bit, or [high, low]. */
export type FieldSpec = number | readonly [number, number];

/** One row of a map. */
export interface RegisterSpec {
  /** Offset from the block's base, bytes. */
  readonly at: number;
  readonly access: Access;
  /** Bits, default 32. A 64-bit register is accessed as two words. */
  readonly width?: 8 | 16 | 32 | 64;
  readonly reset?: number;
  /** Bits the guest can write, low word; default all. */
  readonly writable?: number;
  readonly fields?: Readonly<Record<string, FieldSpec>>;
  /** Names of field values: `{ DM: ['Fixed', 'LowPrio'] }`. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** Array or bitmap register: `count` elements of `bits` bits (a bit per interrupt: 1), packed into consecutive words. */
  readonly per?: string;
  readonly bits?: 1 | 2 | 4 | 8 | 16 | 32 | 64;
  readonly count?: number;
  /** Bytes from one word of an array register to the next; default 4. */
  readonly stride?: number;
  /** Section of the manual. */
  readonly spec?: string;
  readonly doc?: string;
}

/** What an access does that the rules forbid. */
export type Misuse = 'ignore' | 'raz' | 'all-ones' | 'fault';

/** Rules of a whole block. */
export interface BlockRules {
  /** Access sizes that reach registers, bytes. */
  readonly sizes?: readonly number[];
  /** Offsets must be multiples of this many bytes. */
  readonly align?: number;
  readonly wrongSize?: Misuse;
  readonly hole?: Misuse;
}

/** A checked map. `R` keeps the row names. */
export interface RegisterMap<R extends string = string> {
  readonly name: string;
  /** Manual it comes from. */
  readonly source: string;
  readonly rows: Readonly<Record<R, RegisterSpec>>;
  readonly rules: Required<BlockRules>;
}

const RULES: Required<BlockRules> = { sizes: [4], align: 4, wrongSize: 'ignore', hole: 'raz' };

/** Bytes a row spans in the block. */
export function spanOf(r: RegisterSpec): number {
  const bits = r.bits ?? r.width ?? 32;
  if (r.per === undefined) return Math.max(1, (r.width ?? 32) / 8);
  const words = Math.ceil((bits * (r.count ?? 1)) / 32);
  return (words - 1) * (r.stride ?? 4) + 4;
}

/** [high, low] of a field. */
export const rangeOf = (f: FieldSpec): readonly [number, number] => (typeof f === 'number' ? [f, f] : f);

function checkFields(where: string, r: RegisterSpec): void {
  const width = r.per === undefined ? (r.width ?? 32) : (r.bits ?? 32);
  let taken = 0n;
  for (const [name, field] of Object.entries(r.fields ?? {})) {
    const [high, low] = rangeOf(field);
    if (!(high >= low && low >= 0 && high < width))
      throw new RangeError(`${where}.${name}: bits ${high}:${low} do not fit ${width} bits`);
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    if ((taken & mask) !== 0n) throw new RangeError(`${where}.${name} overlaps another field`);
    taken |= mask;
  }
}

function checkRow(where: string, r: RegisterSpec): void {
  if (r.at % Math.min(4, (r.width ?? 32) / 8) !== 0)
    throw new RangeError(`${where}: offset 0x${r.at.toString(16)} is not aligned to its width`);
  if (r.per !== undefined && (r.count === undefined || r.bits === undefined))
    throw new RangeError(`${where}: a register per ${r.per} needs bits and count`);
  checkFields(where, r);
}

/** Bytes a row occupies: every `stride`, a word. */
function bytesOf(r: RegisterSpec): number[] {
  const span = spanOf(r);
  const stride = r.per === undefined ? span : (r.stride ?? 4);
  const bytes: number[] = [];
  for (let at = 0; at < span; at += stride)
    for (let b = 0; b < Math.min(stride, r.per === undefined ? span : 4); b++) bytes.push(r.at + at + b);
  return bytes;
}

/** Declares a map. Throws RangeError naming block, register and field when rows overlap or do not fit. */
export function registers<const R extends Readonly<Record<string, RegisterSpec>>>(
  name: string,
  source: string,
  rows: R,
  rules: BlockRules = {},
): RegisterMap<keyof R & string> {
  const owner = new Map<number, string>();
  for (const [row, spec] of Object.entries(rows)) {
    checkRow(`${name}.${row}`, spec);
    for (const byte of bytesOf(spec)) {
      const other = owner.get(byte);
      if (other !== undefined)
        throw new RangeError(`${name}.${row} overlaps ${name}.${other} at 0x${byte.toString(16)}`);
      owner.set(byte, row);
    }
  }
  return { name, source, rows, rules: { ...RULES, ...rules } };
}
