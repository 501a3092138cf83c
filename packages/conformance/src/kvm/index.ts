// The KVM oracle: /dev/kvm of this machine.

import { accessSync, constants, readdirSync } from 'node:fs';
import { arch, release } from 'node:os';
import { flag, num, numbers } from '../arguments.ts';
import type { Instance, Op, Oracle, OracleResult, Provenance, Unavailable } from '../oracle.ts';
import { cannot, OracleError } from '../oracle.ts';
import { createEventfds } from './eventfds.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { HOST_OPERATIONS } from './host-operations.ts';
import { errnoOf, loadLibc } from './libc.ts';
import { observe } from './observe.ts';
import type { Answer, Run, Session } from './session.ts';
import { createVm, type Kvm, openKvm, type VmArgs } from './vm.ts';

const OPERATIONS: Readonly<Record<string, Run>> = { ...HOST_OPERATIONS, ...GUEST_OPERATIONS };
const OBSERVED = ['lapic', 'ioapic', 'pic', 'efd'];
const SETTLE_MS = 20;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms: number): void => void Atomics.wait(sleeper, 0, 0, ms);

const vmArgs = (op: Op): VmArgs => ({
  irqchip: (op['irqchip'] ?? 'kernel') as VmArgs['irqchip'],
  vcpus: num(op, 'vcpus', 1),
  lapicEnable: flag(op, 'lapic_enable', true),
  splitPins: num(op, 'split_pins', 24),
  x2apicApi: num(op, 'x2apic_api'),
  bootCpu: num(op, 'boot_cpu'),
  apicIds: numbers(op, 'apic_ids') ?? [],
});

/** Operations after which work items may be under way. */
const SIGNALS: ReadonlySet<string> = new Set(['efd_write', 'eventfd', 'efd_close']);

/** Whether an operation may leave work items behind. */
const mayDefer = (s: Session, op: Op): boolean =>
  op.op === 'irqfd' ||
  (s.bound.size > 0 && (SIGNALS.has(op.op) || [...s.resamplers].some((name) => s.bound.has(name))));

function createInstance(kvm: Kvm): Instance {
  let session: Session | null = null;

  function stop(): void {
    session?.vm.close();
    session?.eventfds.closeAll();
    session = null;
  }

  function start(op: Op): Answer {
    stop();
    const observed = (op['observe'] ?? OBSERVED) as unknown as string[];
    session = {
      vm: createVm(kvm, vmArgs(op)),
      eventfds: createEventfds(kvm.libc),
      bound: new Set(),
      resamplers: new Set(),
      observed,
    };
    return { ret: 0 };
  }

  const current = (): Session => {
    if (session === null) throw new OracleError('the first operation is vm');
    return session;
  };
  const state = (): OracleResult['state'] => observe(current().vm, current().eventfds, current().observed);

  function perform(op: Op): Answer {
    if (op.op === 'vm') return start(op);
    const run = Object.hasOwn(OPERATIONS, op.op) ? OPERATIONS[op.op] : undefined;
    if (run === undefined) throw cannot('KVM', op.op);
    return run(current(), op);
  }

  return {
    apply(op) {
      const defers = session !== null && mayDefer(session, op);
      const { ret, out } = defers ? kvm.barrier.around(() => perform(op)) : perform(op);
      const plain = ret < 0 ? { ret: -1, errno: errnoOf(ret) } : { ret, errno: null };
      return { ...plain, ...(out === undefined ? {} : { out }), state: state() };
    },
    settle() {
      sleep(SETTLE_MS);
      return state();
    },
    stop,
  };
}

/** The module that provides virtualization: it decides what differs between hosts of one kernel. */
function vendor(): string {
  const loaded = ['kvm_intel', 'kvm_amd', 'kvm_pvm'].filter((name) => {
    try {
      return readdirSync(`/sys/module/${name}`).length > 0;
    } catch {
      return false;
    }
  });
  return loaded.join(' ') || 'unknown';
}

const INSTALL = 'use a Linux x86-64 host with KVM: modprobe kvm_intel or kvm_amd, and add yourself to the group kvm';

function refusal(): Unavailable | null {
  if (arch() !== 'x64') return { reason: `the KVM oracle drives x86-64 hosts, this is ${arch()}`, remedy: INSTALL };
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const absent = (error as { code?: string }).code === 'ENOENT';
    return { reason: absent ? '/dev/kvm does not exist' : '/dev/kvm may not be opened', remedy: INSTALL };
  }
}

/** Creates the oracle. Nothing is opened before it is asked for. */
export function createKvmOracle(): Oracle {
  let opened: Promise<Kvm> | null = null;
  const kvm = (): Promise<Kvm> => {
    opened ??= loadLibc().then(openKvm);
    return opened;
  };
  return {
    name: 'kvm',
    operations: new Set(['vm', ...Object.keys(OPERATIONS)]),
    async available() {
      const refused = refusal();
      if (refused !== null) return refused;
      try {
        await kvm();
        return null;
      } catch (error) {
        return { reason: `/dev/kvm cannot be used: ${(error as Error).message}`, remedy: 'npm install koffi' };
      }
    },
    provenance: async (): Promise<Provenance> => ({
      implementation: 'kvm',
      version: release(),
      details: { module: vendor() },
    }),
    start: async () => createInstance(await kvm()),
  };
}
