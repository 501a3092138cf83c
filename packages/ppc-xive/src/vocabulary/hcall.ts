// A hypercall as words of the vocabulary show it.

import { EINVAL } from '@virq/irq-core/errors';
import type { OpResult } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { H_NAMES, type HcallName } from '../spapr/codes.ts';
import { hex } from './args.ts';

/** A hypercall of a guest that runs; `rc` by its name, then R4 on. */
export function hcall(c: PowerChip, vcpu: number, name: HcallName, args: readonly bigint[]): OpResult {
  if (!c.guest.exits.isIn(vcpu)) return { ret: -EINVAL };
  const { rc, out = [] } = c.guest.exits.hcall(vcpu, name, args);
  const registers = Object.fromEntries(out.map((value, i) => [`r${4 + i}`, hex(value)]));
  return { ret: 0, out: { rc: H_NAMES.get(rc) ?? String(rc), ...registers } };
}
