// One guest access: the block filled in, KVM_RUN until the guest reports.

import { OracleError } from '../oracle.ts';
import { BLOCK, MEMORY, PORT, snippet } from './guest-code.ts';
import { EXIT, IOCTL } from './ioctls.ts';
import { EVENTS, RUN } from './structs.ts';
import { demand, setRegisters, type Vcpu, type Vm } from './vm.ts';

/** Registers of an access. */
export interface Registers {
  readonly eax?: number;
  readonly ecx?: number;
  readonly edx?: number;
  readonly esi?: number;
}

/** How an access ended: `done`, `gp`, `mmio` and `io` (user space has to emulate), `vector` (an interrupt was taken). */
export interface Access {
  readonly exit: 'done' | 'gp' | 'mmio' | 'io' | 'vector' | 'ioapic_eoi';
  readonly eax: number;
  readonly edx: number;
  /** Vector taken, or of KVM_EXIT_IOAPIC_EOI. */
  readonly vector: number;
}

const GP = 13;
const MP_RUNNABLE = 0;
const EINTR = -4;
const EAGAIN = -11;
/** More exits than any access has. */
const MOST_EXITS = 64;

const word = new Uint8Array(4);
const wordView = new DataView(word.buffer);
const events = new Uint8Array(EVENTS.SIZE);

/** A vCPU that is not runnable would sleep in KVM_RUN, and this thread with it. */
function demandRunnable(vm: Vm, vcpu: Vcpu): void {
  if (vm.args.irqchip === 'none') return;
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_MP_STATE, word), 'KVM_GET_MP_STATE');
  const state = wordView.getUint32(0, true);
  if (state !== MP_RUNNABLE) throw new OracleError(`a vCPU in mp_state ${state} would not come back from KVM_RUN`);
}

/** NMIs are counted by the model, not taken: out of the way while guest code runs. Abstraction: nothing here depends on when one is taken. */
function dropNmis(vm: Vm, vcpu: Vcpu): void {
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_VCPU_EVENTS, events), 'KVM_GET_VCPU_EVENTS');
  if (events[EVENTS.NMI_PENDING] === 0 && events[EVENTS.NMI_INJECTED] === 0) return;
  events[EVENTS.NMI_PENDING] = 0;
  events[EVENTS.NMI_INJECTED] = 0;
  new DataView(events.buffer).setUint32(EVENTS.FLAGS, 1, true);
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.SET_VCPU_EVENTS, events), 'KVM_SET_VCPU_EVENTS');
}

function fillBlock({ memory }: Vm, name: string, r: Registers): void {
  const code = snippet(name);
  if (code === undefined) throw new OracleError(`the guest has no code for ${name}`);
  const put = (field: number, value = 0): void => memory.setUint32(MEMORY.BLOCK + field, value >>> 0, true);
  put(BLOCK.EAX, r.eax);
  put(BLOCK.ECX, r.ecx);
  put(BLOCK.EDX, r.edx);
  put(BLOCK.ESI, r.esi);
  put(BLOCK.CODE, code);
}

/** What one return from KVM_RUN means; `left`: user space emulates and the guest goes on. */
type Step = { readonly end: boolean; readonly exit: Access['exit']; readonly vector: number };

/** An access that user space emulates reads zeros. */
function readsZero({ run }: Vcpu, at: number, length: number): void {
  for (let i = 0; i < length; i++) run.setUint8(at + i, 0);
}

function ioExit(vcpu: Vcpu): Step {
  const { run } = vcpu;
  const port = run.getUint16(RUN.IO_PORT, true);
  const data = Number(run.getBigUint64(RUN.IO_DATA_OFFSET, true));
  if (port === PORT.DONE) return { end: true, exit: 'done', vector: -1 };
  if (port === PORT.VECTOR) {
    const vector = run.getUint8(data);
    return { end: true, exit: vector === GP ? 'gp' : 'vector', vector };
  }
  if (run.getUint8(RUN.IO_DIRECTION) === 0) readsZero(vcpu, data, 4);
  return { end: false, exit: 'io', vector: -1 };
}

function step(vcpu: Vcpu): Step | null {
  const { run } = vcpu;
  const reason = run.getUint32(RUN.EXIT_REASON, true);
  if (reason === EXIT.INTR) return null;
  if (reason === EXIT.IO) return ioExit(vcpu);
  if (reason === EXIT.IOAPIC_EOI) return { end: false, exit: 'ioapic_eoi', vector: run.getUint8(RUN.EOI_VECTOR) };
  if (reason !== EXIT.MMIO) throw new OracleError(`guest code ended with exit reason ${reason}`);
  readsZero(vcpu, RUN.MMIO_DATA, 8);
  return { end: false, exit: 'mmio', vector: -1 };
}

/** Runs the guest until it reports. An exit on the way decides what the access was; an EOI that user space must hear of goes before others. */
function untilReport(vm: Vm, vcpu: Vcpu): { readonly exit: Access['exit']; readonly vector: number } {
  let left: Step | null = null;
  for (let exits = 0; exits < MOST_EXITS; exits++) {
    const ret = vm.kvm.libc.ioctl(vcpu.fd, IOCTL.RUN, 0);
    if (ret === EINTR || ret === EAGAIN) continue;
    demand(ret, 'KVM_RUN');
    const s = step(vcpu);
    if (s?.end === true) return left ?? s;
    if (s !== null && left?.exit !== 'ioapic_eoi') left = s;
  }
  throw new OracleError('guest code does not end');
}

function runSnippet(vm: Vm, vcpu: Vcpu, name: string, r: Registers): Access {
  fillBlock(vm, name, r);
  const { exit, vector } = untilReport(vm, vcpu);
  const out = (field: number): number => vm.memory.getUint32(MEMORY.BLOCK + field, true);
  return { exit, vector, eax: out(BLOCK.OUT_EAX), edx: out(BLOCK.OUT_EDX) };
}

/** One entry with interrupts enabled. KVM_SET_REGS sets RFLAGS.IF: an STI could be emulated together with what follows. */
export function openWindow(vm: Vm, vcpu: Vcpu): Access {
  setRegisters(vm.kvm, vcpu.fd, true);
  return access(vm, vcpu, 'cli', {});
}

/** Runs one snippet on a vCPU. */
export function access(vm: Vm, vcpu: Vcpu, name: string, r: Registers): Access {
  dropNmis(vm, vcpu);
  demandRunnable(vm, vcpu);
  const a = runSnippet(vm, vcpu, name, r);
  if (vm.args.irqchip !== 'split' || a.exit !== 'done') return a;
  // A host that emulates several instructions in one go comes to KVM_EXIT_IOAPIC_EOI only at the next entry.
  const after = runSnippet(vm, vcpu, 'nop', {});
  return after.exit === 'ioapic_eoi' ? { ...a, exit: 'ioapic_eoi', vector: after.vector } : a;
}
