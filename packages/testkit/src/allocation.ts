// Whether a hot path allocates: bytes of heap per call after warming up, measured between collections.

/** Average bytes allocated per call; a collection in between makes a round useless, so the smallest of several rounds counts. */
export function bytesPerCall(call: () => void, calls = 20_000, rounds = 5): number {
  for (let i = 0; i < calls; i++) call();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) best = Math.min(best, grown / calls);
  }
  return best;
}
