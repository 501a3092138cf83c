// Register maps as data: offset, width, access class, fields, manual section. Tests, docs, `describe` and dispatch read the same rows.

/** Access class of a register as the guest sees it. RAZ: reads as zero. WI: writes ignored. RC: cleared by reading. */
export type Access = 'RW' | 'RO' | 'WO' | 'W1C' | 'W1S' | 'RC' | 'RAZ/WI' | 'RAZ' | 'WI';

/** A field: one bit, or [high, low]. Bit 0 is the least significant one; IBM manuals count from the other end. */
export type FieldSpec = number | readonly [number, number];

/** Names of a field's values, by value: a list from 0 on, or only those that have a name. */
export type ValueNames = readonly string[] | Readonly<Record<number, string>>;

/** One row of a map. */
export interface RegisterSpec {
  /** Offset from the block's base, bytes. */
  readonly at: number;
  readonly access: Access;
  /** Bits, default 32. A 64-bit register is kept and accessed as two words. */
  readonly width?: 8 | 16 | 32 | 64;
  /** Value after reset, low word; default 0. */
  readonly reset?: number;
  /** High word of a 64-bit register after reset; default 0. */
  readonly resetHigh?: number;
  /** Bits the guest can write, low word; default all. */
  readonly writable?: number;
  /** Bits the guest can write in the high word of a 64-bit register; default all. */
  readonly writableHigh?: number;
  readonly fields?: Readonly<Record<string, FieldSpec>>;
  /** Names of field values: `{ DM: ['Fixed', 'LowPrio'] }`. */
  readonly values?: Readonly<Record<string, ValueNames>>;
  /** Array or bitmap register: `count` elements of `bits` bits (a bit per interrupt: 1), packed into consecutive words. */
  readonly per?: string;
  readonly bits?: 1 | 2 | 4 | 8 | 16 | 32 | 64;
  readonly count?: number;
  /** Bytes from one word of an array register to the next, of 64-bit elements from one to the next; default: adjacent. */
  readonly stride?: number;
  /** Access sizes that reach this register, bytes; default those of the block. */
  readonly sizes?: readonly number[];
  /** Section of the manual. */
  readonly spec?: string;
  readonly doc?: string;
}

/**
 * What an access does that the rules forbid. `ignore` and `raz` drop it and read 0 (`ignore` where the manual leaves the result open),
 * `all-ones` drops it and reads ones, `fault` answers `FAULT`. Each is reported to the block's guest-error hook.
 */
export type Misuse = 'ignore' | 'raz' | 'all-ones' | 'fault';

/** Rules of a whole block. */
export interface BlockRules {
  /** Access sizes that reach registers, bytes; default 4. */
  readonly sizes?: readonly number[];
  /** Offsets must be multiples of this many bytes (a power of two), or of the access size (`natural`); default 4. */
  readonly align?: number | 'natural';
  /** Byte order in which narrow accesses, elements and halves lie in a word; default little. */
  readonly endian?: 'little' | 'big';
  /** Default `ignore`. */
  readonly wrongSize?: Misuse;
  /** Default: as `wrongSize`. Accesses of up to 4 bytes that cross a word are misaligned too. */
  readonly misaligned?: Misuse;
  /** An access that touches no register. Default `raz`. */
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
