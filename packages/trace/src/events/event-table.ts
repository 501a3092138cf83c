// The table of every tracepoint the reader understands, in one fixed order.
import { APICV } from './decode-apicv.ts';
import { ARM } from './decode-arm.ts';
import { DELIVERY } from './decode-delivery.ts';
import { GUEST_INPUT } from './decode-guest-input.ts';
import { HOST } from './decode-host.ts';
import type { Decoder } from './decoder.ts';

const TABLE: Readonly<Record<string, Decoder>> = { ...DELIVERY, ...APICV, ...GUEST_INPUT, ...ARM, ...HOST };

/** Names of the tracepoints that are decoded; the index is {@link TraceEvent.kind}. */
export const EVENT_NAMES: readonly string[] = Object.keys(TABLE);

/** Decoder of each tracepoint, indexed like {@link EVENT_NAMES}. */
export const DECODERS: readonly Decoder[] = Object.values(TABLE);

/** Index of a tracepoint in {@link EVENT_NAMES}, -1 if it is not decoded. */
export function eventKind(name: string): number {
  return EVENT_NAMES.indexOf(name);
}
