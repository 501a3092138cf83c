// @virq/checker/workers: exploration by several threads. Node only.

export { checkInParallel, type ParallelOptions } from './parallel.ts';
