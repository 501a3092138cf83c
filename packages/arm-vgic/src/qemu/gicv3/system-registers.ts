// System registers of a CPU, by name: ICC_*_EL1 as EL1 or EL2 reaches the physical interface, ICC_*_EL1 as a guest reaches the virtual one, ICH_*_EL2. Arm IHI 0069 12.2 - 12.4; QEMU 7.2:
// hw/intc/arm_gicv3_cpuif.c.

import { eisr, elrsr } from '../../cpuif/maintenance.ts';
import { effectiveBpr1, minimumBpr1, runningPriority as virtualRunning } from '../../cpuif/priorities.ts';
import { decodeV3, encodeV3 } from '../../lr/format.ts';
import type { CpuInterface, Hcr, Vmcr } from '../../lr/layout.ts';
import type { Cpu } from '../layout.ts';
import { LIST_REGISTERS, type Virt } from '../machine.ts';
import { acknowledge, deactivate, endOfInterrupt, highestPending, sendSgi } from './interface.ts';
import { LEAST_BPR0, runningPriority, signal } from './signal.ts';
import {
  maintenanceState,
  virtualAcknowledge,
  virtualChanged,
  virtualDeactivate,
  virtualEnd,
  virtualHighest,
} from './virtual.ts';

/** A register of CPU `n`; without `read` it is write-only, without `write` read-only. */
export interface SystemRegister {
  readonly read?: (m: Virt, n: number) => number | bigint;
  readonly write?: (m: Virt, n: number, value: bigint) => void;
}

/** Five bits of priority. */
const PRIORITIES = 0xf8;
/** Fixed fields of ICC_CTLR_EL1: Aff3, 24 bits of INTID, five of priority. */
const CTLR = 0x8c00;
const SRE = 7;

const low = (value: bigint): number => Number(value & 0xffffffffn);
const cpuOf = (m: Virt, n: number): Cpu => m.state.cpus.at(n);
const virtualOf = (m: Virt, n: number): CpuInterface => m.state.cpus.at(n).virtual;

/** Both groups of a register: `ICC_IAR` gives ICC_IAR0_EL1 and ICC_IAR1_EL1. */
const grouped = (
  name: string,
  suffix: string,
  make: (group: 0 | 1) => SystemRegister,
): Readonly<Record<string, SystemRegister>> => ({
  [`ICC_${name}0${suffix}`]: make(0),
  [`ICC_${name}1${suffix}`]: make(1),
});

/** A field of the physical interface; after a write the pins are looked at. */
function field(
  get: (c: Cpu) => number,
  set: (c: Cpu, value: number) => void,
): { read: NonNullable<SystemRegister['read']>; write: NonNullable<SystemRegister['write']> } {
  return {
    read: (m, n) => get(cpuOf(m, n)),
    write(m, n, value) {
      set(cpuOf(m, n), low(value));
      signal(m, n);
    },
  };
}

const assign = (values: Partial<Record<string, number>>, into: object): void => void Object.assign(into, values);

/** BPR1 reads as BPR0 plus one while CBPR is set, and is not written then. */
function binaryPoint(group: 0 | 1): SystemRegister {
  return field(
    (c) => (group === 0 ? c.bpr0 : c.cbpr === 1 ? Math.min(c.bpr0 + 1, 7) : c.bpr1),
    (c, value) => {
      if (group === 0) c.bpr0 = Math.max(value, LEAST_BPR0) & 7;
      else if (c.cbpr === 0) c.bpr1 = Math.max(value, LEAST_BPR0 + 1) & 7;
    },
  );
}

const SGI: Readonly<Record<string, number>> = { SGI1R: 1, SGI0R: 0, ASGI1R: 0 };
const sgi = (group: number): SystemRegister => ({ write: (m, n, value) => sendSgi(m, n, { group, value }) });

/** ICC_*_EL1 of the physical interface. */
export const PHYSICAL: Readonly<Record<string, SystemRegister>> = {
  ICC_PMR_EL1: field(
    (c) => c.pmr,
    (c, value) => assign({ pmr: value & PRIORITIES }, c),
  ),
  ICC_CTLR_EL1: field(
    (c) => CTLR | (c.eoiMode << 1) | c.cbpr,
    (c, value) => assign({ eoiMode: (value >> 1) & 1, cbpr: value & 1 }, c),
  ),
  ICC_RPR_EL1: { read: (m, n) => runningPriority(cpuOf(m, n)) },
  ICC_SRE_EL1: { read: () => SRE, write: () => undefined },
  ICC_DIR_EL1: { write: (m, n, value) => deactivate(m, n, low(value)) },
  ...grouped('IAR', '_EL1', (group) => ({ read: (m, n) => acknowledge(m, n, group) })),
  ...grouped('HPPIR', '_EL1', (group) => ({ read: (m, n) => highestPending(cpuOf(m, n), group) })),
  ...grouped('EOIR', '_EL1', (group) => ({
    write: (m, n, value) => endOfInterrupt(m, n, { group, value: low(value) }),
  })),
  ...grouped('BPR', '_EL1', binaryPoint),
  ...grouped('IGRPEN', '_EL1', (group) =>
    field(
      (c) => (group === 0 ? c.enable0 : c.enable1),
      (c, value) => assign({ [`enable${group}`]: value & 1 }, c),
    ),
  ),
  ...grouped('AP', 'R0_EL1', (group) =>
    field(
      (c) => (group === 0 ? c.ap0 : c.ap1),
      (c, value) => assign({ [`ap${group}`]: value }, c),
    ),
  ),
  ...Object.fromEntries(Object.entries(SGI).map(([name, group]) => [`ICC_${name}_EL1`, sgi(group)])),
};

/** A field of the virtual interface; after a write the maintenance interrupt is looked at. */
function virtualField(get: (c: CpuInterface) => number, set: (c: CpuInterface, value: number) => void): SystemRegister {
  return {
    read: (m, n) => get(virtualOf(m, n)),
    write(m, n, value) {
      set(virtualOf(m, n), low(value));
      virtualChanged(m, n);
    },
  };
}

const LEAST = { bpr0: minimumBpr1(5) - 1, bpr1: minimumBpr1(5) } as const;

/** ICC_*_EL1 as a guest at EL1 finds them. */
export const VIRTUAL: Readonly<Record<string, SystemRegister>> = {
  ICC_PMR_EL1: virtualField(
    ({ vmcr }) => vmcr.pmr,
    ({ vmcr }, value) => assign({ pmr: value & PRIORITIES }, vmcr),
  ),
  ICC_CTLR_EL1: virtualField(
    ({ vmcr }) => CTLR | (vmcr.eoiMode << 1) | vmcr.cbpr,
    ({ vmcr }, value) => assign({ eoiMode: (value >> 1) & 1, cbpr: value & 1 }, vmcr),
  ),
  ICC_RPR_EL1: { read: (m, n) => virtualRunning(virtualOf(m, n)) },
  ICC_DIR_EL1: { write: (m, n, value) => virtualDeactivate(m, n, low(value)) },
  ...grouped('IAR', '_EL1', (group) => ({ read: (m, n) => virtualAcknowledge(m, n, group) })),
  ...grouped('HPPIR', '_EL1', (group) => ({ read: (m, n) => virtualHighest(virtualOf(m, n), group) })),
  ...grouped('EOIR', '_EL1', (group) => ({ write: (m, n, value) => virtualEnd(m, n, { group, value: low(value) }) })),
  ...grouped('BPR', '_EL1', (group) =>
    virtualField(
      ({ vmcr }) => (group === 0 ? vmcr.bpr0 : effectiveBpr1(vmcr)),
      ({ vmcr }, value) => {
        if (group === 0) vmcr.bpr0 = Math.max(value & 7, LEAST.bpr0);
        else if (vmcr.cbpr === 0) vmcr.bpr1 = Math.max(value & 7, LEAST.bpr1);
      },
    ),
  ),
  ...grouped('IGRPEN', '_EL1', (group) =>
    virtualField(
      ({ vmcr }) => (group === 0 ? vmcr.enable0 : vmcr.enable1),
      ({ vmcr }, value) => assign({ [`enable${group}`]: value & 1 }, vmcr),
    ),
  ),
};

/** Bits of ICH_HCR_EL2, of those that are kept. */
const HCR: readonly (readonly [keyof Hcr, number])[] = [
  ['en', 0],
  ['uie', 1],
  ['lrenpie', 2],
  ['npie', 3],
  ['group0On', 4],
  ['group0Off', 5],
  ['group1On', 6],
  ['group1Off', 7],
  ['tdir', 14],
];
const VMCR_FLAGS: readonly (readonly [keyof Vmcr, number])[] = [
  ['enable0', 0],
  ['enable1', 1],
  ['cbpr', 4],
  ['eoiMode', 9],
];
/** VFIQEn is always set. */
const VFIQ_EN = 8;

const flags = <K extends string>(table: readonly (readonly [K, number])[], of: Readonly<Record<K, number>>): number =>
  table.reduce((word, [name, bit]) => word | (of[name] << bit), 0);

function setFlags<K extends string>(table: readonly (readonly [K, number])[], of: Record<K, number>, word: number) {
  for (const [name, bit] of table) of[name] = (word >>> bit) & 1;
}

const listRegister = (index: number): SystemRegister => ({
  read(m, n) {
    const { hi, lo } = encodeV3(virtualOf(m, n).lrs.at(index));
    return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  },
  write(m, n, value) {
    const words = decodeV3({ lo: low(value), hi: low(value >> 32n) });
    Object.assign(virtualOf(m, n).lrs.at(index), words, { priority: words.priority & PRIORITIES });
    virtualChanged(m, n);
  },
});

/** ICH_VTR_EL2: four list registers, five bits of priority and of preemption, TDS, A3V, no direct injection. */
const VTR = 0x90b80000 + LIST_REGISTERS - 1;

/** What EL2 has besides the physical interface. */
export const HYPERVISOR: Readonly<Record<string, SystemRegister>> = {
  HCR_EL2: {
    read: (m, n) => cpuOf(m, n).hcr,
    write(m, n, value) {
      cpuOf(m, n).hcr = value;
    },
  },
  ICH_VTR_EL2: { read: () => VTR },
  ICH_HCR_EL2: virtualField(
    ({ hcr }) => (flags(HCR, hcr) | (hcr.eoiCount << 27)) >>> 0,
    ({ hcr }, value) => {
      setFlags(HCR, hcr, value);
      hcr.eoiCount = value >>> 27;
    },
  ),
  ICH_VMCR_EL2: virtualField(
    ({ vmcr: v }) => ((v.pmr << 24) | (v.bpr0 << 21) | (v.bpr1 << 18) | VFIQ_EN | flags(VMCR_FLAGS, v)) >>> 0,
    ({ vmcr }, value) => {
      setFlags(VMCR_FLAGS, vmcr, value);
      assign(
        {
          pmr: value >>> 24,
          bpr0: Math.max((value >>> 21) & 7, LEAST.bpr0),
          bpr1: Math.max((value >>> 18) & 7, LEAST.bpr1),
        },
        vmcr,
      );
    },
  ),
  ICH_MISR_EL2: { read: (m, n) => maintenanceState(virtualOf(m, n)) },
  ICH_EISR_EL2: { read: (m, n) => eisr(virtualOf(m, n), LIST_REGISTERS) },
  ICH_ELRSR_EL2: { read: (m, n) => elrsr(virtualOf(m, n), LIST_REGISTERS) },
  ...Object.fromEntries([0, 1].map((group) => [`ICH_AP${group}R0_EL2`, virtualActive(group)])),
  ...Object.fromEntries(Array.from({ length: LIST_REGISTERS }, (_, n) => [`ICH_LR${n}_EL2`, listRegister(n)])),
};

function virtualActive(group: number): SystemRegister {
  const of = (c: CpuInterface) => (group === 0 ? c.ap0 : c.ap1);
  return virtualField(
    (c) => of(c).get(0),
    (c, value) => of(c).set(0, value),
  );
}

const HCR_EL2 = { FMO: 8, IMO: 0x10 } as const;

/** Which of HCR_EL2 sends an access from EL1 to the virtual interface: registers of group 0, of group 1, of both. */
function routeOf(name: string): number {
  const group = /^ICC_[A-Z]+([01])(R0)?_EL1$/.exec(name)?.[1];
  return group === '0' ? HCR_EL2.FMO : group === '1' ? HCR_EL2.IMO : HCR_EL2.FMO | HCR_EL2.IMO;
}

/** The register that a name means at an exception level of CPU `n`; undefined if there is none. */
export function systemRegister(
  m: Virt,
  at: { readonly cpu: number; readonly el: number },
  name: string,
): SystemRegister | undefined {
  const hypervisor = m.backend === 'gicv3-cpu' && at.el === 2;
  const routed = (cpuOf(m, at.cpu).hcrLo & routeOf(name)) !== 0;
  if (at.el === 1 && routed && Object.hasOwn(VIRTUAL, name)) return VIRTUAL[name];
  if (hypervisor && Object.hasOwn(HYPERVISOR, name)) return HYPERVISOR[name];
  return Object.hasOwn(PHYSICAL, name) ? PHYSICAL[name] : undefined;
}

/** Reset of a CPU's interfaces. */
export function resetInterface(c: Cpu): void {
  assign({ bpr0: LEAST_BPR0, bpr1: LEAST_BPR0 + 1 }, c);
  assign({ ...LEAST }, c.virtual.vmcr);
  c.virtual.used = LIST_REGISTERS;
}
