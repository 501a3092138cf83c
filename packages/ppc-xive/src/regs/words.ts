// Tables entries of several 32-bit words: packed from and taken over into the fields of the same names.

import { type Bitfield, bitfield, type RegisterMap } from '@virq/irq-core/registers';

/** Words of an entry, by number; those between that have no fields are 0. */
interface WordCodec {
  readonly word: number;
  readonly fields: readonly string[];
  readonly bits: Bitfield<string>;
}

/** Packs and unpacks entries of one shape. */
export interface EntryCodec {
  /** The words of an entry: as many as its bytes need. */
  pack(entry: Readonly<Record<string, number>>): number[];
  /** Takes words over; fields that have no place in them are 0. */
  unpack(into: Record<string, number>, words: readonly number[]): void;
}

/** Fields that lie in the words shifted down: bits of the address below the shift are 0. */
export type Shifts = Readonly<Record<string, number>>;

/** Makes the codec of a map whose rows are words of an entry of so many bytes. */
export function entryCodec(map: RegisterMap, bytes: number, shifts: Shifts = {}): EntryCodec {
  const codecs: readonly WordCodec[] = Object.values(map.rows).map(({ at, fields = {} }) => ({
    word: at / 4,
    fields: Object.keys(fields),
    bits: bitfield(fields),
  }));
  const shiftOf = (field: string): number => shifts[field] ?? 0;
  return {
    pack(entry) {
      const words = new Array<number>(bytes / 4).fill(0);
      for (const { word, fields, bits } of codecs)
        for (const field of fields)
          words[word] = bits.set(words[word] as number, field, (entry[field] as number) >>> shiftOf(field));
      return words;
    },
    unpack(into, words) {
      for (const { word, fields, bits } of codecs)
        for (const field of fields) into[field] = (bits.get(words[word] ?? 0, field) << shiftOf(field)) >>> 0;
    },
  };
}
