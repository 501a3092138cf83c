// A virtual machine of /dev/kvm: descriptors, irqchip, vCPUs with their kvm_run pages, one page of guest code.

import { OracleError } from '../oracle.ts';
import { type Barrier, createBarrier } from './barrier.ts';
import { flatMode, MEMORY, writeGuest } from './guest-code.ts';
import { CAP, IOCTL } from './ioctls.ts';
import { errnoOf, type Libc } from './libc.ts';
import { BITMAP, LAPIC, REGS, SREGS } from './structs.ts';

/** /dev/kvm, opened once. */
export interface Kvm {
  readonly libc: Libc;
  readonly fd: number;
  readonly runSize: number;
  /** KVM_GET_SUPPORTED_CPUID as KVM_SET_CPUID2 takes it. */
  readonly cpuid: Uint8Array;
  readonly barrier: Barrier;
}

/** One vCPU. */
export interface Vcpu {
  readonly fd: number;
  readonly run: DataView;
  readonly runAddress: bigint;
}

/** Arguments of the `vm` operation. */
export interface VmArgs {
  readonly irqchip: 'kernel' | 'split' | 'none';
  readonly vcpus: number;
  readonly lapicEnable: boolean;
  readonly splitPins: number;
  readonly x2apicApi: number;
  readonly bootCpu: number;
  readonly apicIds: readonly number[];
}

/** A machine. */
export interface Vm {
  readonly kvm: Kvm;
  readonly fd: number;
  readonly args: VmArgs;
  readonly vcpus: readonly Vcpu[];
  /** The guest's memory. */
  readonly memory: DataView;
  close(): void;
}

const O_RDWR_CLOEXEC = 0o2000002;
const KVM_API = 12;
/** Pages for KVM's own use on Intel hosts, out of the way of everything else. */
const TSS_ADDRESS = 0xfffbd000;

/** Throws with the name of the call when it failed. */
export function demand(ret: number, what: string): number {
  if (ret < 0) throw new OracleError(`${what}: ${errnoOf(ret)}`);
  return ret;
}

/** Opens /dev/kvm; throws with the reason when it cannot be used. */
export function openKvm(libc: Libc): Kvm {
  const fd = demand(libc.open('/dev/kvm', O_RDWR_CLOEXEC), 'open /dev/kvm');
  const version = libc.ioctl(fd, IOCTL.GET_API_VERSION, 0);
  if (version !== KVM_API) throw new OracleError(`/dev/kvm speaks API version ${version}, not ${KVM_API}`);
  const cpuid = new Uint8Array(8 + 256 * 40);
  new DataView(cpuid.buffer).setUint32(0, 256, true);
  demand(libc.ioctlOn(fd, IOCTL.GET_SUPPORTED_CPUID, cpuid), 'KVM_GET_SUPPORTED_CPUID');
  const runSize = demand(libc.ioctl(fd, IOCTL.GET_VCPU_MMAP_SIZE, 0), 'KVM_GET_VCPU_MMAP_SIZE');
  return { libc, fd, runSize, cpuid, barrier: createBarrier(libc, fd) };
}

function enableCap(kvm: Kvm, vm: number, cap: number, arg: number): number {
  const bytes = new Uint8Array(104);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cap, true);
  view.setBigUint64(8, BigInt(arg), true);
  return kvm.libc.ioctlOn(vm, IOCTL.ENABLE_CAP, bytes);
}

/** KVM_CREATE_IRQCHIP or KVM_CAP_SPLIT_IRQCHIP. */
export const createIrqchip = (libc: Libc, vm: number): number => libc.ioctl(vm, IOCTL.CREATE_IRQCHIP, 0);
/** KVM_CAP_SPLIT_IRQCHIP with so many reserved pins. */
export const enableSplit = (kvm: Kvm, vm: number, pins: number): number => enableCap(kvm, vm, CAP.SPLIT_IRQCHIP, pins);

function addMemory(kvm: Kvm, vm: number): { readonly bytes: Uint8Array; readonly address: bigint } {
  const { bytes, address } = kvm.libc.mmap(MEMORY.SIZE, -1);
  writeGuest(bytes);
  const region = new DataView(new ArrayBuffer(32));
  region.setBigUint64(16, BigInt(MEMORY.SIZE), true);
  region.setBigUint64(24, address, true);
  demand(
    kvm.libc.ioctlOn(vm, IOCTL.SET_USER_MEMORY_REGION, new Uint8Array(region.buffer)),
    'KVM_SET_USER_MEMORY_REGION',
  );
  return { bytes, address };
}

/** Puts a vCPU at the beginning of its loop, with RFLAGS.IF as wanted. */
export function setRegisters(kvm: Kvm, vcpu: number, interruptible: boolean): void {
  const regs = new DataView(new ArrayBuffer(REGS.SIZE));
  regs.setBigUint64(REGS.RIP, BigInt(MEMORY.LOOP), true);
  regs.setBigUint64(REGS.RSP, BigInt(MEMORY.STACK), true);
  regs.setBigUint64(REGS.RFLAGS, interruptible ? 0x202n : 2n, true);
  demand(kvm.libc.ioctlOn(vcpu, IOCTL.SET_REGS, new Uint8Array(regs.buffer)), 'KVM_SET_REGS');
}

/** Software-enables a LAPIC: SPIV bit 8. */
function enableLapic(kvm: Kvm, vcpu: number): void {
  const page = new Uint8Array(1024);
  demand(kvm.libc.ioctlOn(vcpu, IOCTL.GET_LAPIC, page), 'KVM_GET_LAPIC');
  new DataView(page.buffer).setUint32(LAPIC.spiv, 0x1ff, true);
  demand(kvm.libc.ioctlOn(vcpu, IOCTL.SET_LAPIC, page), 'KVM_SET_LAPIC');
}

function addVcpu(kvm: Kvm, vm: number, id: number, args: VmArgs): Vcpu {
  const { libc } = kvm;
  const fd = demand(libc.ioctl(vm, IOCTL.CREATE_VCPU, id), 'KVM_CREATE_VCPU');
  const { bytes, address } = libc.mmap(kvm.runSize, fd);
  demand(libc.ioctlOn(fd, IOCTL.SET_CPUID2, kvm.cpuid), 'KVM_SET_CPUID2');
  const sregs = new Uint8Array(SREGS.SIZE);
  demand(libc.ioctlOn(fd, IOCTL.GET_SREGS, sregs), 'KVM_GET_SREGS');
  flatMode(sregs);
  demand(libc.ioctlOn(fd, IOCTL.SET_SREGS, sregs), 'KVM_SET_SREGS');
  setRegisters(kvm, fd, false);
  if (args.irqchip !== 'none') {
    demand(libc.ioctlOn(fd, IOCTL.SET_MP_STATE, new Uint8Array(4)), 'KVM_SET_MP_STATE');
    if (args.lapicEnable) enableLapic(kvm, fd);
  }
  return { fd, run: new DataView(bytes.buffer, bytes.byteOffset), runAddress: address };
}

/** Creates a machine as the `vm` operation says. */
export function createVm(kvm: Kvm, args: VmArgs): Vm {
  const { libc } = kvm;
  const fd = demand(libc.ioctl(kvm.fd, IOCTL.CREATE_VM, 0), 'KVM_CREATE_VM');
  libc.ioctl(fd, IOCTL.SET_TSS_ADDR, TSS_ADDRESS);
  if (args.irqchip === 'kernel') demand(createIrqchip(libc, fd), 'KVM_CREATE_IRQCHIP');
  if (args.irqchip === 'split') demand(enableSplit(kvm, fd, args.splitPins), 'KVM_CAP_SPLIT_IRQCHIP');
  if (args.x2apicApi !== 0) demand(enableCap(kvm, fd, CAP.X2APIC_API, args.x2apicApi), 'KVM_CAP_X2APIC_API');
  if (args.bootCpu !== 0) demand(libc.ioctl(fd, IOCTL.SET_BOOT_CPU_ID, args.bootCpu), 'KVM_SET_BOOT_CPU_ID');
  const memory = addMemory(kvm, fd);
  const vcpus = Array.from({ length: args.vcpus }, (_, i) => addVcpu(kvm, fd, args.apicIds[i] ?? i, args));
  return {
    kvm,
    fd,
    args,
    vcpus,
    memory: new DataView(memory.bytes.buffer, memory.bytes.byteOffset),
    close() {
      for (const vcpu of vcpus) {
        libc.munmap(vcpu.runAddress, kvm.runSize);
        libc.close(vcpu.fd);
      }
      libc.close(fd);
      libc.munmap(memory.address, MEMORY.SIZE);
    },
  };
}

/** Vectors of one of the page's bitmaps, ascending. */
export function vectorsOf(page: DataView, bitmap: keyof typeof BITMAP): number[] {
  const vectors: number[] = [];
  for (let word = 0; word < 8; word++)
    for (let rest = page.getUint32(BITMAP[bitmap] + 16 * word, true); rest !== 0; rest &= rest - 1)
      vectors.push(32 * word + 31 - Math.clz32(rest & -rest));
  return vectors;
}

/** Writes one of the page's bitmaps. */
export function setVectors(page: DataView, bitmap: keyof typeof BITMAP, vectors: readonly number[]): void {
  const words = new Uint32Array(8);
  for (const v of vectors) words[v >> 5] = ((words[v >> 5] as number) | (1 << (v & 31))) >>> 0;
  for (const [i, word] of words.entries()) page.setUint32(BITMAP[bitmap] + 16 * i, word, true);
}
