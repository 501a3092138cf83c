// Operations whose kernel path is a protocol: a process of `check` walks it step by step instead of doing it in one go.

import { EINVAL } from '../errors.ts';
import { IRQFD_FLAG, type KvmWorld, kvmIrqfdAssign, kvmIrqfdDeassign, kvmSetIrqRouting } from '../kvm/index.ts';
import type { AnyProtocol } from '../protocol/index.ts';
import type { VmSpec } from './machine.ts';
import { irqfdArgs, routeInputs, type Session } from './session.ts';
import type { Args } from './vocabulary.ts';

/** One ioctl in two parts: what it validates at once, and the path that others can interleave. */
export interface KernelPath {
  readonly protocol: AnyProtocol<KvmWorld>;
  /** The ioctl up to the first place where another CPU can come between: locals for the protocol, or a negative errno. */
  begin(s: Session): Readonly<Record<string, number>> | number;
}

const fdOf = (n: number): number => Math.max(0, n);

function irqfdPath(args: Args): KernelPath {
  const deassign = args['deassign'] === true || ((args['flags'] as number) & IRQFD_FLAG.DEASSIGN) !== 0;
  const begin: KernelPath['begin'] = (s) => {
    const { fd, gsi, flags, resamplefd } = irqfdArgs(s, args);
    const vm = s.vm.index;
    if ((flags & ~3) !== 0) return -EINVAL;
    if (deassign) return s.machine.eventfds.check(fdOf(fd)) || { vm, fd: fdOf(fd), gsi };
    const resample = (flags & IRQFD_FLAG.RESAMPLE) >> 1;
    return { vm, fd: fdOf(fd), gsi, resamplefd: fdOf(resamplefd), resample };
  };
  return { protocol: deassign ? kvmIrqfdDeassign : kvmIrqfdAssign, begin };
}

function routingPath(args: Args): KernelPath {
  return {
    protocol: kvmSetIrqRouting,
    begin(s) {
      const table = s.vm.kvm.routing.build(routeInputs(args), args['flags'] as number);
      return table < 0 ? table : { vm: s.vm.index, table };
    },
  };
}

/** The path of a backend's own operation. */
function ownPath(op: string, args: Args, vm: VmOf): KernelPath | null {
  const { operations } = vm.backend.vocabulary;
  const own = Object.hasOwn(operations, op) ? operations[op] : undefined;
  const path = own?.path?.(args, vm.options ?? {});
  if (path === undefined) return null;
  return { protocol: path.protocol as never, begin: (s) => path.begin(s.vm.chip as never) };
}

type VmOf = Pick<VmSpec, 'backend' | 'options'>;

/** The path of an operation with checked arguments on a VM; null for those that are done in one go. */
export function kernelPathOf(op: string, args: Args, vm: VmOf): KernelPath | null {
  const own = ownPath(op, args, vm);
  if (own !== null || Object.hasOwn(vm.backend.vocabulary.operations, op)) return own;
  if (op === 'irqfd') return irqfdPath(args);
  return op === 'set_gsi_routing' ? routingPath(args) : null;
}
