// Random ITS commands and messages for properties: few devices, events, LPIs and collections, so that they meet.

import fc from 'fast-check';

/** One operation of the vocabulary. */
export interface StreamOp {
  readonly op: string;
  readonly args: Readonly<Record<string, number | boolean>>;
}

/** Where messages go. */
export const DOORBELL = 0x08090040;

const dev = fc.integer({ min: 0, max: 2 });
const event = fc.integer({ min: 0, max: 3 });
const icid = fc.integer({ min: 0, max: 2 });
const intid = fc.integer({ min: 8190, max: 8197 });
const cpu = fc.integer({ min: 0, max: 3 });
const valid = fc.boolean();

const op = (name: string, args: Record<string, fc.Arbitrary<number | boolean>>): fc.Arbitrary<StreamOp> =>
  fc.record(args).map((given) => ({ op: name, args: given as StreamOp['args'] }));

const message = fc
  .record({ data: event, devid: dev })
  .map(({ data, devid }): StreamOp => ({ op: 'signal_msi', args: { address_lo: DOORBELL, data, devid } }));

/** An operation; three vCPUs exist, so that target 3 is none. */
export const anyOp: fc.Arbitrary<StreamOp> = fc.oneof(
  { arbitrary: op('mapd', { dev, size: fc.integer({ min: 1, max: 2 }), valid }), weight: 2 },
  { arbitrary: op('mapc', { icid, cpu, valid }), weight: 3 },
  { arbitrary: op('mapti', { dev, event, intid, icid }), weight: 6 },
  op('movi', { dev, event, icid }),
  op('movall', { cpu1: cpu, cpu2: cpu }),
  { arbitrary: op('int', { dev, event }), weight: 3 },
  op('clear', { dev, event }),
  op('discard', { dev, event }),
  op('inv', { dev, event }),
  op('invall', { icid }),
  op('lpi_config', { intid: fc.integer({ min: 8192, max: 8197 }), enable: valid }),
  { arbitrary: message, weight: 4 },
);

/** What the guest does first, so that something is mapped. */
export const PREFIX: readonly StreamOp[] = [
  { op: 'mapd', args: { dev: 0, size: 2 } },
  { op: 'mapd', args: { dev: 1, size: 2 } },
  { op: 'mapc', args: { icid: 0, cpu: 0 } },
  { op: 'mapc', args: { icid: 1, cpu: 1 } },
  ...[8192, 8193, 8194].map((lpi): StreamOp => ({ op: 'lpi_config', args: { intid: lpi } })),
];

/** A stream of them. */
export const anyStream: fc.Arbitrary<StreamOp[]> = fc
  .array(anyOp, { minLength: 4, maxLength: 24 })
  .map((ops) => [...PREFIX, ...ops]);
