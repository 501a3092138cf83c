// Medians of repeated rounds, so that one hiccup of a shared machine does not decide.

const ROUNDS = 9;

/** Nanoseconds per call: median, minimum and maximum of several rounds after a warm-up. */
export function nanoseconds(call, calls) {
  for (let i = 0; i < 3; i++) call(calls);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    call(calls);
    return Number(process.hrtime.bigint() - start) / calls;
  }).sort((a, b) => a - b);
  return { median: rounds[ROUNDS >> 1], min: rounds[0], max: rounds[ROUNDS - 1] };
}
