// Latency distribution in constant memory: 16 buckets per power of two, so a quantile is within about 3 % of the truth.

const SUB_BUCKETS = 16;
const OCTAVES = 53;

/** Distribution of non-negative durations in nanoseconds (or clock ticks). */
export interface LatencyHistogram {
  readonly buckets: Uint32Array;
  count: number;
  min: number;
  max: number;
}

/** Summary of a distribution; min and max are exact. */
export interface LatencySummary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** An empty distribution; 3.4 KB. */
export function createLatencyHistogram(): LatencyHistogram {
  return { buckets: new Uint32Array(SUB_BUCKETS * OCTAVES), count: 0, min: Number.POSITIVE_INFINITY, max: 0 };
}

/** Adds one duration. Negative ones (clocks of two CPUs) count as 0. */
export function recordLatency(histogram: LatencyHistogram, duration: number): void {
  const value = Math.max(0, duration);
  const bucket = bucketOf(value);
  histogram.buckets[bucket] = (histogram.buckets[bucket] as number) + 1;
  histogram.count++;
  if (value < histogram.min) histogram.min = value;
  if (value > histogram.max) histogram.max = value;
}

/** The summary, or undefined if nothing was recorded. */
export function summarizeLatency(histogram: LatencyHistogram | undefined): LatencySummary | undefined {
  if (!histogram || histogram.count === 0) return undefined;
  const { count, min, max } = histogram;
  return { count, min, median: quantile(histogram, 0.5), p99: quantile(histogram, 0.99), max };
}

function quantile(histogram: LatencyHistogram, share: number): number {
  const rank = Math.ceil(histogram.count * share);
  let seen = 0;
  for (let bucket = 0; bucket < histogram.buckets.length; bucket++) {
    seen += histogram.buckets[bucket] as number;
    if (seen >= rank) return Math.round(Math.min(Math.max(middleOf(bucket), histogram.min), histogram.max));
  }
  return histogram.max;
}

function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return Math.floor(value);
  const octave = Math.floor(Math.log2(value));
  const sub = Math.floor((value / 2 ** octave - 1) * SUB_BUCKETS);
  return Math.min((octave - 3) * SUB_BUCKETS + sub, SUB_BUCKETS * OCTAVES - 1);
}

function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const octave = Math.floor(bucket / SUB_BUCKETS) + 3;
  const sub = bucket % SUB_BUCKETS;
  return 2 ** octave * (1 + (sub + 0.5) / SUB_BUCKETS);
}
