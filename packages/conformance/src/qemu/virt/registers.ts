// @table
// Names of GIC registers as recorded operations spell them: `CTLR`, or with a distance in bytes `ISPENDR:4`. Offsets: IHI 0069 12.8 - 12.12, IHI 0048 4.1.

import { OracleError } from '../../oracle.ts';

/** Offsets by name, of one frame. */
export type Registers = Readonly<Record<string, number>>;

/** What GICD and the SGI frame of a redistributor have at the same place. */
const BANKS: Registers = {
  IGROUPR: 0x080,
  ISENABLER: 0x100,
  ICENABLER: 0x180,
  ISPENDR: 0x200,
  ICPENDR: 0x280,
  ISACTIVER: 0x300,
  ICACTIVER: 0x380,
  IPRIORITYR: 0x400,
  ICFGR: 0xc00,
};

/** Distributor, GICv2 and GICv3. */
export const DISTRIBUTOR: Registers = {
  CTLR: 0x000,
  TYPER: 0x004,
  IIDR: 0x008,
  TYPER2: 0x00c,
  STATUSR: 0x010,
  ...BANKS,
  ITARGETSR: 0x800,
  SGIR: 0xf00,
  CPENDSGIR: 0xf10,
  SPENDSGIR: 0xf20,
  IROUTER: 0x6000,
};

/** Redistributor, by frame: `r` is RD_base, `sgi` SGI_base. */
export const REDISTRIBUTOR: Readonly<Record<string, Registers>> = {
  r: {
    CTLR: 0x000,
    IIDR: 0x004,
    TYPER: 0x008,
    STATUSR: 0x010,
    WAKER: 0x014,
    PROPBASER: 0x070,
    PENDBASER: 0x078,
  },
  sgi: BANKS,
};

/** CPU interface of a GICv2. */
export const CPU_INTERFACE: Registers = {
  CTLR: 0x00,
  PMR: 0x04,
  BPR: 0x08,
  IAR: 0x0c,
  EOIR: 0x10,
  RPR: 0x14,
  HPPIR: 0x18,
  ABPR: 0x1c,
  AIAR: 0x20,
  AEOIR: 0x24,
  AHPPIR: 0x28,
  APR: 0xd0,
  NSAPR: 0xe0,
  IIDR: 0xfc,
  DIR: 0x1000,
};

/** ITS, control frame. */
export const ITS_REGISTERS: Registers = {
  CTLR: 0x000,
  IIDR: 0x004,
  TYPER: 0x008,
  CBASER: 0x080,
  CWRITER: 0x088,
  CREADR: 0x090,
  BASER: 0x100,
};

/** Offset of `name` or `name:distance`. */
export function offsetOf(registers: Registers | undefined, register: string): number {
  const [name = '', distance = '0'] = register.split(':');
  const offset = registers?.[name];
  if (offset === undefined) throw new OracleError(`no register is called '${register}' here`);
  return offset + Number(distance);
}

const system = (crm: number, op2: number): number => (12 << 12) | (crm << 8) | (op2 << 5);

/** CPU interface of a GICv3: CRn, CRm and op2 where an MRS or MSR has them; op0 is 3, op1 is 0. */
export const SYSTEM_REGISTERS: Registers = {
  ICC_PMR_EL1: (4 << 12) | (6 << 8),
  ICC_IAR0_EL1: system(8, 0),
  ICC_EOIR0_EL1: system(8, 1),
  ICC_HPPIR0_EL1: system(8, 2),
  ICC_BPR0_EL1: system(8, 3),
  ICC_AP0R0_EL1: system(8, 4),
  ICC_AP1R0_EL1: system(9, 0),
  ICC_DIR_EL1: system(11, 1),
  ICC_RPR_EL1: system(11, 3),
  ICC_SGI1R_EL1: system(11, 5),
  ICC_ASGI1R_EL1: system(11, 6),
  ICC_SGI0R_EL1: system(11, 7),
  ICC_IAR1_EL1: system(12, 0),
  ICC_EOIR1_EL1: system(12, 1),
  ICC_HPPIR1_EL1: system(12, 2),
  ICC_BPR1_EL1: system(12, 3),
  ICC_CTLR_EL1: system(12, 4),
  ICC_SRE_EL1: system(12, 5),
  ICC_IGRPEN0_EL1: system(12, 6),
  ICC_IGRPEN1_EL1: system(12, 7),
};
