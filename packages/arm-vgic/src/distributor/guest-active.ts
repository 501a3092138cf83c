// A guest's load or store of active bits as a path: exit, what KVM does for it, and the entry after that. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run, mmio.c io_mem_abort.

import { u1 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { kvmVcpuEnter } from '../run/enter.ts';
import { exitBecause, put } from '../run/exit.ts';
import { EXIT } from '../run/exits.ts';
import { RUN_LOCALS, type RunFrame } from '../run/frame.ts';
import { type VcpuMachine, vcpuOf } from '../run/world.ts';
import { ACTIVE_LOCALS, vgicAccessActive } from './active.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** `visits`: the vCPU came in for it; `acted`: it is done. */
const GUEST_LOCALS = { ...RUN_LOCALS, ...ACTIVE_LOCALS, visits: u1, acted: u1 } as const;
type GuestFrame = RunFrame & { -readonly [K in keyof typeof GUEST_LOCALS]: number };

/** A vCPU on its way in or out goes on first. */
function begin(m: VcpuMachine, f: GuestFrame): Outcome<'goIn' | 'goOut'> {
  const v = vcpuOf(m, f);
  if (v.inKvm === 1) return BLOCKED;
  if (v.inGuest === 1) return 'goOut';
  f.visits = 1;
  return 'goIn';
}

/** The access is done between an exit and an entry; a visitor leaves after that. */
export const guestAccessActive = protocol(
  'guest access to active bits',
  GUEST_LOCALS,
  (p: Combinators<VcpuMachine, GuestFrame>) => ({
    begin,
    goOut: () => undefined,
    ...p.include('exit', exitBecause((f: GuestFrame) => (f.acted === 1 ? EXIT.IRQ : EXIT.DABT_LOW)) as never),
    isDone: (_m, f): Outcome<'put'> => (f.acted === 1 ? 'put' : undefined),
    ...p.include('access', vgicAccessActive as never),
    note(_m, f): Outcome<'goIn'> {
      f.acted = 1;
      return 'goIn';
    },
    put(m, f): Outcome<never> {
      put(m, f);
      return DONE;
    },
    goIn: () => undefined,
    ...p.include('enter', kvmVcpuEnter as never),
    entered(_m, f): Outcome<'goOut'> {
      if (f.acted === 1 && f.visits === 0) return DONE;
      return 'goOut';
    },
  }),
);
