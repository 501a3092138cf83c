// Interchangeable instances: which arrays they index, which fields name them, which processes belong to them.

/** A sort of `size` instances that can be permuted without changing what can happen. Paths use `*` for any index: `irte[*].target`. */
export interface Sort {
  /** `vCPU`, `IRTE`, … */
  readonly name: string;
  readonly size: number;
  /** Arrays (or bitmaps) indexed by the instance. */
  readonly arrays: readonly string[];
  /** Scalar fields whose value is an instance; values ≥ size (such as NONE) stay. */
  readonly values?: readonly string[];
  /** Scalar fields whose value is instance + 1, 0 being none. */
  readonly handles?: readonly string[];
  /** Groups of pids: group g holds the process of instance i at index i. */
  readonly processes?: readonly (readonly number[])[];
  /** Names of locals (in any protocol) whose value is an instance; declare them as u8. Their processes must not end: a free slot is all zero, which would be instance 0. */
  readonly locals?: readonly string[];
}
