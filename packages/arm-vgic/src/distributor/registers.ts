// The registers of one VM put together: frames, SGIs, and what others ask of them.

import type { RunLoop } from '../run/run-loop.ts';
import { type SgiRegister, type SgiValue, sendSgi } from '../sgi/software-generated.ts';
import { ACTIVE, vgicAccessActive } from './active.ts';
import { createBank, type RegisterParts } from './bank.ts';
import { createFrames, type RegisterFrames } from './frames.ts';
import { createHalt } from './vm-stop.ts';
import type { RegisterVm } from './world.ts';

/** Distributor, redistributors and SGIs. */
export interface VgicRegisters extends RegisterVm {
  readonly frames: RegisterFrames;
  /** A vCPU's write to a system register that generates SGIs. */
  sendSgi(vcpu: number, register: SgiRegister, value: SgiValue): void;
  /** A write of one bit to ICACTIVER for a vCPU whose guest has written DIR. */
  clearActive(vcpu: number, intid: number): void;
}

/** Creates them. */
export function createRegisters(parts: RegisterParts, run: RunLoop): VgicRegisters {
  const { ctx, irqs, lists } = parts;
  const banks = Array.from({ length: ctx.state.redists.length }, (_, vcpu) => createBank(parts, vcpu, true));
  return {
    lists,
    state: ctx.state,
    form: parts.form,
    halt: createHalt(ctx, run, parts.form.pause),
    frames: createFrames(parts),
    sendSgi: (vcpu, register, value) => sendSgi(banks[vcpu] as (typeof banks)[number], register, value),
    clearActive(vcpu, intid) {
      const first = irqs.find(vcpu, intid & ~31);
      const args = { vm: ctx.vm, vcpu, bank: vcpu, first, word: (1 << (intid & 31)) >>> 0, access: ACTIVE.CLEAR };
      ctx.processes().call(vgicAccessActive as never, args as never);
    },
  };
}
