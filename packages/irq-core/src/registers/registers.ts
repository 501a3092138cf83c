// Declaring a map. What cannot be right is refused here, once, naming block, register and field; dispatch then trusts the rows.

import { geometryOf, ones, rangeOf, spanOf } from './geometry.ts';
import type { BlockRules, RegisterMap, RegisterSpec } from './register-map.ts';

const SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);
const WIDTHS: ReadonlySet<number> = new Set([8, 16, 32, 64]);
const ELEMENT_BITS: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 32, 64]);

const hex = (n: number): string => `0x${n.toString(16)}`;

function refuse(unless: boolean, where: string, why: string): void {
  if (!unless) throw new RangeError(`${where}${why}`);
}

function checkFields(where: string, r: RegisterSpec): void {
  const width = geometryOf(r).bits;
  let taken = 0n;
  for (const [name, field] of Object.entries(r.fields ?? {})) {
    const [high, low] = rangeOf(field);
    const fits = Number.isInteger(high) && Number.isInteger(low) && high >= low && low >= 0 && high < width;
    refuse(fits, `${where}.${name}`, `: bits ${high}:${low} do not fit ${width} bits`);
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    refuse((taken & mask) === 0n, `${where}.${name}`, ' overlaps another field');
    taken |= mask;
  }
}

function checkValues(where: string, r: RegisterSpec): void {
  for (const [name, names] of Object.entries(r.values ?? {})) {
    const field = r.fields !== undefined && Object.hasOwn(r.fields, name) ? r.fields[name] : undefined;
    refuse(field !== undefined, `${where}.${name}`, ': values of a field that is not declared');
    const [high, low] = rangeOf(field ?? 0);
    for (const value of Object.keys(names))
      refuse(
        Number(value) < 2 ** (high - low + 1),
        `${where}.${name}`,
        `: value ${value} does not fit ${high - low + 1} bits`,
      );
  }
}

function checkWords(where: string, r: RegisterSpec): void {
  const { bits } = geometryOf(r);
  for (const key of ['reset', 'writable'] as const) {
    const value = r[key] ?? 0;
    refuse(
      Number.isInteger(value) && value >= 0 && value <= ones(bits),
      where,
      `: ${key} ${value} does not fit ${bits} bits`,
    );
  }
  for (const key of ['resetHigh', 'writableHigh'] as const) {
    const value = r[key];
    if (value === undefined) continue;
    refuse(bits === 64, where, `: ${key} is for 64-bit registers`);
    refuse(
      Number.isInteger(value) && value >= 0 && value <= 0xffffffff,
      where,
      `: ${key} ${value} does not fit 32 bits`,
    );
  }
}

function checkArray(where: string, r: RegisterSpec): void {
  if (r.per === undefined) {
    const stray = (['bits', 'count', 'stride'] as const).find((key) => r[key] !== undefined);
    refuse(stray === undefined, where, `: ${stray} is for array registers, which say what they are per`);
    return;
  }
  refuse(r.count !== undefined && r.bits !== undefined, where, `: a register per ${r.per} needs bits and count`);
  refuse(r.width === undefined, where, `: a register per ${r.per} has bits, not width`);
  refuse(ELEMENT_BITS.has(r.bits ?? 0), where, `: elements of ${r.bits} bits`);
  refuse(Number.isInteger(r.count) && (r.count ?? 0) > 0, where, `: count ${r.count}`);
  const { stride, unitBytes } = geometryOf(r);
  refuse(stride >= unitBytes && stride % unitBytes === 0, where, `: stride ${stride} is no multiple of ${unitBytes}`);
}

function checkSizes(where: string, sizes: readonly number[]): void {
  const wrong = sizes.find((size) => !SIZES.has(size));
  refuse(sizes.length > 0 && wrong === undefined, where, `: access sizes are 1, 2, 4 and 8, not ${wrong ?? 'none'}`);
}

function checkRow(where: string, r: RegisterSpec): void {
  refuse(WIDTHS.has(r.width ?? 32), where, `: width ${r.width}`);
  checkArray(where, r);
  const aligned = Number.isInteger(r.at) && r.at >= 0 && r.at % geometryOf(r).unitBytes === 0;
  refuse(aligned, where, `: offset ${hex(r.at)} is not aligned to its width`);
  checkWords(where, r);
  checkFields(where, r);
  checkValues(where, r);
  checkSizes(where, r.sizes ?? [4]);
}

/** Bytes a row occupies, gaps left out. */
function* bytesOf(r: RegisterSpec): Generator<number> {
  const { stride, unitBytes } = geometryOf(r);
  for (let at = 0; at < spanOf(r); at += stride) for (let b = 0; b < unitBytes; b++) yield r.at + at + b;
}

function rulesOf(name: string, rules: BlockRules): Required<BlockRules> {
  const {
    sizes = [4],
    align = 4,
    endian = 'little',
    wrongSize = 'ignore',
    misaligned = wrongSize,
    hole = 'raz',
  } = rules;
  checkSizes(name, sizes);
  refuse(
    align === 'natural' || (Number.isInteger(align) && align > 0 && (align & (align - 1)) === 0),
    name,
    `: alignment ${align}`,
  );
  return { sizes, align, endian, wrongSize, misaligned, hole };
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
      refuse(other === undefined, `${name}.${row}`, ` overlaps ${name}.${other} at ${hex(byte)}`);
      owner.set(byte, row);
    }
  }
  return { name, source, rows, rules: rulesOf(name, rules) };
}
