// States in the order they were found, in segments, so that growing copies nothing.

/** States per segment, as a power of two. */
const BITS = 16;
/** States per segment. */
export const SEGMENT = 1 << BITS;

/** Append-only list of packed states of `width` words. */
export interface Log {
  readonly width: number;
  readonly segments: readonly Int32Array[];
  /** Segment that holds state `i`, and where in it. */
  segmentOf(i: number): Int32Array;
  offsetOf(i: number): number;
  /** Exchanges two states. */
  swap(i: number, k: number): void;
  /** Gives segments back that are not needed for `count` states, all but one. */
  trim(count: number): void;
  /** Adds an empty segment and returns it. */
  extend(): Int32Array;
  readonly bytes: number;
}

/** An empty log. */
export function createLog(width: number): Log {
  const segments: Int32Array[] = [];
  const segmentOf = (i: number): Int32Array => segments[i >>> BITS] as Int32Array;
  const offsetOf = (i: number): number => (i & (SEGMENT - 1)) * width;
  return {
    ...{ width, segments, segmentOf, offsetOf },
    swap(i, k) {
      const [a, b, at, bt] = [segmentOf(i), segmentOf(k), offsetOf(i), offsetOf(k)];
      for (let w = 0; w < width; w++) {
        const kept = a[at + w] as number;
        a[at + w] = b[bt + w] as number;
        b[bt + w] = kept;
      }
    },
    trim(count) {
      const most = (count >>> BITS) + 2;
      if (segments.length > most) segments.length = most;
    },
    extend() {
      const segment = new Int32Array(SEGMENT * width);
      segments.push(segment);
      return segment;
    },
    get bytes() {
      return segments.length * SEGMENT * width * 4;
    },
  };
}
