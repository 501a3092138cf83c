// Versioned snapshot: magic, format version, layout fingerprint, size, bytes. A snapshot of another layout is refused.

import { VirqError } from '../errors.ts';

const MAGIC = 0x51524956; // "VIRQ"
const VERSION = 1;
const HEADER = 24;

/** Header plus a copy of the arena bytes. */
export function writeSnapshot(bytes: Uint8Array, fingerprint: string): Uint8Array {
  const out = new Uint8Array(HEADER + bytes.length);
  const head = new DataView(out.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint16(4, VERSION, true);
  head.setUint16(6, HEADER, true);
  head.setUint32(8, Number.parseInt(fingerprint.slice(0, 8), 16), true);
  head.setUint32(12, Number.parseInt(fingerprint.slice(8), 16), true);
  head.setUint32(16, bytes.length, true);
  out.set(bytes, HEADER);
  return out;
}

const refuse = (why: string, hint: string): VirqError =>
  new VirqError('VIRQ-A002', `snapshot refused: ${why}`, { hint });

/** The arena bytes of a snapshot. Throws VIRQ-A002 when it is no snapshot, of another version, of another layout, or cut short. */
export function readSnapshot(snapshot: Uint8Array, fingerprint: string, size: number): Uint8Array {
  const head = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  if (snapshot.length < HEADER || head.getUint32(0, true) !== MAGIC)
    throw refuse('the data does not begin with the magic "VIRQ"', 'pass the bytes that arena.snapshot() returned');
  if (head.getUint16(4, true) !== VERSION)
    throw refuse(
      `format version ${head.getUint16(4, true)}, this is ${VERSION}`,
      'take the snapshot again with this version',
    );
  const hex = (at: number): string => head.getUint32(at, true).toString(16).padStart(8, '0');
  const found = hex(8) + hex(12);
  if (found !== fingerprint)
    throw refuse(
      `it was taken of layout ${found}, this machine has layout ${fingerprint}`,
      'build the machine with the same backends, versions and sizes',
    );
  if (head.getUint32(16, true) !== size || snapshot.length !== HEADER + size)
    throw refuse(`${snapshot.length - HEADER} bytes of state, expected ${size}`, 'the data was cut short');
  return snapshot.subarray(HEADER);
}
