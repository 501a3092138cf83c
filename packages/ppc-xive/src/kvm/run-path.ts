// A kernel path that runs to its end at once; what another CPU holds it waits for. The same paths interleave in `check`.

import type { Context } from './context.ts';

interface Runner {
  call<F, T>(protocol: object, args: object, read: (f: F) => T): T;
}

/** Runs a protocol of this VM and returns what `read` takes from its frame. */
export const runPath = <F, T>(ctx: Context, protocol: object, args: object, read: (f: F) => T): T =>
  (ctx.processes() as unknown as Runner).call(protocol, { vm: ctx.vm, ...args }, read);

/** The same for a path whose frame has an errno as a positive number: 0 or negative errno. */
export const runForErrno = (ctx: Context, protocol: object, args: object = {}): number =>
  0 - runPath<{ ret?: number }, number>(ctx, protocol, args, (f) => f.ret ?? 0);
