// One guest access: registers in, KVM_RUN until the guest reports, registers out.

import { OracleError } from '../oracle.ts';
import { MEMORY, PORT, snippet } from './guest-code.ts';
import { EXIT, IOCTL } from './ioctls.ts';
import { EVENTS, REGS, RUN } from './structs.ts';
import { demand, type Vcpu, type Vm } from './vm.ts';

/** Registers of an access, 32 bits each. */
export interface Registers {
  readonly eax?: number;
  readonly ecx?: number;
  readonly edx?: number;
  readonly esi?: number;
  /** RFLAGS.IF: interrupts are taken. */
  readonly interruptible?: boolean;
}

/** How an access ended: `done`, `gp`, `mmio` and `io` (user space would have to emulate), `vector` (an interrupt was taken). */
export interface Access {
  readonly exit: 'done' | 'gp' | 'mmio' | 'io' | 'vector' | 'ioapic_eoi';
  readonly eax: number;
  readonly edx: number;
  /** Vector taken, or of KVM_EXIT_IOAPIC_EOI. */
  readonly vector: number;
}

const GP = 13;
const RESERVED_FLAG = 2n;
const INTERRUPT_FLAG = 0x200n;
const MP_RUNNABLE = 0;
/** More exits than any access has. */
const MOST_EXITS = 64;

const regs = new Uint8Array(REGS.SIZE);
const regsView = new DataView(regs.buffer);
const word = new Uint8Array(4);
const wordView = new DataView(word.buffer);
const events = new Uint8Array(EVENTS.SIZE);

function setRegisters(vm: Vm, vcpu: Vcpu, code: number, r: Registers): void {
  regs.fill(0);
  const put = (at: number, value: number): void => regsView.setBigUint64(at, BigInt(value >>> 0), true);
  put(REGS.RAX, r.eax ?? 0);
  put(REGS.RCX, r.ecx ?? 0);
  put(REGS.RDX, r.edx ?? 0);
  put(REGS.RSI, r.esi ?? 0);
  put(REGS.RSP, MEMORY.STACK);
  put(REGS.RIP, code);
  regsView.setBigUint64(REGS.RFLAGS, r.interruptible === true ? RESERVED_FLAG | INTERRUPT_FLAG : RESERVED_FLAG, true);
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.SET_REGS, regs), 'KVM_SET_REGS');
}

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

/** Lets KVM finish the instruction that left the guest. */
function complete(vm: Vm, vcpu: Vcpu): void {
  vcpu.run.setUint8(RUN.IMMEDIATE_EXIT, 1);
  vm.kvm.libc.ioctl(vcpu.fd, IOCTL.RUN, 0);
  vcpu.run.setUint8(RUN.IMMEDIATE_EXIT, 0);
}

type Step = { readonly exit: Access['exit']; readonly vector?: number } | 'again';

/** What one return from KVM_RUN means. */
function step(vm: Vm, vcpu: Vcpu): Step {
  const { run } = vcpu;
  const reason = run.getUint32(RUN.EXIT_REASON, true);
  if (reason === EXIT.IOAPIC_EOI) return { exit: 'ioapic_eoi', vector: run.getUint8(RUN.EOI_VECTOR) };
  if (reason === EXIT.MMIO) {
    complete(vm, vcpu);
    return { exit: 'mmio' };
  }
  if (reason === EXIT.INTR) return 'again';
  if (reason !== EXIT.IO) throw new OracleError(`guest code ended with exit reason ${reason}`);
  const port = run.getUint16(RUN.IO_PORT, true);
  if (port === PORT.DONE) return { exit: 'done' };
  if (port === PORT.VECTOR) {
    const vector = run.getUint8(Number(run.getBigUint64(RUN.IO_DATA_OFFSET, true)));
    return { exit: vector === GP ? 'gp' : 'vector', vector };
  }
  complete(vm, vcpu);
  return { exit: 'io' };
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

function runSnippet(vm: Vm, vcpu: Vcpu, name: string, r: Registers): Access {
  const code = snippet(name);
  if (code === undefined) throw new OracleError(`the guest has no code for ${name}`);
  setRegisters(vm, vcpu, code, r);
  let eoi = -1;
  for (let exits = 0; exits < MOST_EXITS; exits++) {
    const ret = vm.kvm.libc.ioctl(vcpu.fd, IOCTL.RUN, 0);
    if (ret === -4 || ret === -11) continue;
    demand(ret, 'KVM_RUN');
    const s = step(vm, vcpu);
    if (s === 'again') continue;
    if (s.exit === 'ioapic_eoi') {
      eoi = s.vector as number;
      continue;
    }
    demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_REGS, regs), 'KVM_GET_REGS');
    const eax = regsView.getUint32(REGS.RAX, true);
    const edx = regsView.getUint32(REGS.RDX, true);
    return eoi >= 0 ? { exit: 'ioapic_eoi', eax, edx, vector: eoi } : { exit: s.exit, eax, edx, vector: s.vector ?? -1 };
  }
  throw new OracleError('guest code does not end');
}
