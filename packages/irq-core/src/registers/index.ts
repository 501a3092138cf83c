// @virq/irq-core/registers: register maps as data, and what is derived from them.

export { type Behaviours, type Block, behave, FAULT, type GuestError, type RowBehaviour } from './behaviour.ts';
export { type Bitfield, bitfield } from './bitfield.ts';
export { decodeOffset, describeValue, type FieldValue, fieldsOf } from './describe.ts';
export { registersMarkdown } from './markdown.ts';
export {
  type Access,
  type BlockRules,
  type FieldSpec,
  type Misuse,
  type RegisterMap,
  type RegisterSpec,
  rangeOf,
  registers,
  spanOf,
} from './register-map.ts';
