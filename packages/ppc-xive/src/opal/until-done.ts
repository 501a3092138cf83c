// How Linux calls OPAL where it may answer BUSY: again and again, with a sleep in between. Linux: arch/powerpc/sysdev/xive/native.c.

import { OPAL } from './codes.ts';

/** Repeats an OPAL call for as long as it answers BUSY. */
export function untilDone(call: () => number): number {
  let rc: number;
  do rc = call();
  while (rc === OPAL.BUSY);
  return rc;
}
