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
  /** Adds an empty segment and returns it. */
  extend(): Int32Array;
  readonly bytes: number;
}

/** An empty log. */
export function createLog(width: number): Log {
  const segments: Int32Array[] = [];
  return {
    width,
    segments,
    segmentOf: (i) => segments[i >>> BITS] as Int32Array,
    offsetOf: (i) => (i & (SEGMENT - 1)) * width,
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
