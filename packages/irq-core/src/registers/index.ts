// @virq/irq-core/registers: register maps as data, and what is derived from them.

export type { Behaviours, FieldOf, ReadColumn, RowBehaviour, WriteColumn } from './behaviour.ts';
export { type Bitfield, bitfield } from './bitfield.ts';
export { type Bitfield64, bitfield64, type Words } from './bitfield64.ts';
export { type Block, behave, FAULT, type GuestError } from './block.ts';
export { type Decoded, decodeOffset } from './decode.ts';
export { describe, describeValue, type FieldValue, fieldsOf } from './describe.ts';
export { rangeOf, spanOf } from './geometry.ts';
export { registersMarkdown } from './markdown.ts';
export type { Access, BlockRules, FieldSpec, Misuse, RegisterMap, RegisterSpec, ValueNames } from './register-map.ts';
export { registers } from './registers.ts';
