// Registers of an Arm VM as its guest and its VMM reach them, under the hand of a test.

import type { Irq } from '../irq/layout.ts';
import { BASE } from '../options.ts';
import { FRAME_BYTES, REDISTRIBUTOR_BYTES } from '../regs/gicr.ts';
import { type ArmVm, type ArmVmOptions, openArm } from './arm-vm.ts';

/** Who makes an access. */
export const WHO = ['guest', 'user'] as const;
export type Who = (typeof WHO)[number];

/** Offsets that tests name. */
export const AT = {
  CTLR: 0,
  TYPER: 4,
  IIDR: 8,
  TYPER2: 0xc,
  IGROUPR: 0x80,
  ISENABLER: 0x100,
  ICENABLER: 0x180,
  ISPENDR: 0x200,
  ICPENDR: 0x280,
  ISACTIVER: 0x300,
  ICACTIVER: 0x380,
  IPRIORITYR: 0x400,
  ITARGETSR: 0x800,
  ICFGR: 0xc00,
  SGIR: 0xf00,
  CPENDSGIR: 0xf10,
  SPENDSGIR: 0xf20,
  IROUTER: 0x6000,
} as const;

/** A frame of one vCPU as both reach it. Offsets are bytes. */
export interface Registers {
  guest(offset: number, size?: number, cpu?: number): number;
  guestWrite(offset: number, value: number, size?: number, cpu?: number): void;
  user(offset: number): number;
  /** 0 or -errno. */
  userWrite(offset: number, value: number): number;
}

/** A VM with its frames. */
export interface RegisterVm extends ArmVm {
  readonly dist: Registers;
  /** RD_base of a vCPU; SGI_base follows at 0x10000. */
  redist(vcpu: number): Registers;
  /** Makes an interrupt one of the host's, and returns what the host knows of it. */
  map(
    irq: Irq,
    hostIrq: number,
  ): ArmVm['chip']['context']['host']['state']['irqs'] extends { at(n: number): infer P } ? P : never;
}

/** SGI_base. */
export const SGI = FRAME_BYTES;

function registersAt(
  t: ArmVm,
  base: number,
  user: (args: Record<string, unknown>) => { ret: number; out?: Readonly<Record<string, unknown>> },
): Registers {
  return {
    guest: (offset, size = 4, cpu = 0) => t.op('guest_load', { addr: base + offset, size, cpu }).out?.['x0'] as number,
    guestWrite(offset, value, size = 4, cpu = 0) {
      t.op('guest_store', { addr: base + offset, value: value >>> 0, size, cpu });
    },
    user: (offset) => Number(user({ off: offset }).out?.['value']),
    userWrite: (offset, value) => user({ off: offset, value: value >>> 0 }).ret,
  };
}

/** Opens a machine as {@link openArm} does; 64 SPIs and two vCPUs if nobody says. */
export function openRegisters({ vm = {}, ...rest }: ArmVmOptions = {}): RegisterVm {
  const t = openArm({ ...rest, vm: { cpus: 2, nr_irqs: 96, ...vm } });
  return {
    ...t,
    dist: registersAt(t, BASE.GICD, (args) => t.op('d', args)),
    redist: (vcpu) =>
      registersAt(t, BASE.GICR + vcpu * REDISTRIBUTOR_BYTES, (args) => t.op('r', { cpu: vcpu, ...args })),
    map(irq, hostIrq) {
      irq.hw = 1;
      irq.hostIrq = hostIrq;
      return t.chip.context.host.at(hostIrq) as never;
    },
  };
}
