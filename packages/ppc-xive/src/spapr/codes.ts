// Numbers of a pseries machine: hypercalls and their return codes, interrupt source numbers, addresses. LoPAPR; QEMU: include/hw/ppc/spapr.h, spapr_irq.h, spapr_xive.h.

/** Return codes of hypercalls. */
export const H = {
  SUCCESS: 0,
  HARDWARE: -1,
  FUNCTION: -2,
  PARAMETER: -4,
  P2: -55,
  P3: -56,
  P4: -57,
  P5: -58,
  TOO_HARD: 9999,
} as const;

/** Names of the return codes, as traces show them. */
export const H_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(H).map(([name, code]) => [code, `H_${name}`]),
);

/** Opcodes of the hypercalls about interrupts. */
export const HCALL = {
  H_EOI: 0x64,
  H_CPPR: 0x68,
  H_IPI: 0x6c,
  H_IPOLL: 0x70,
  H_XIRR: 0x74,
  H_CEDE: 0xe0,
  H_XIRR_X: 0x2fc,
  H_INT_GET_SOURCE_INFO: 0x3a8,
  H_INT_SET_SOURCE_CONFIG: 0x3ac,
  H_INT_GET_SOURCE_CONFIG: 0x3b0,
  H_INT_GET_QUEUE_INFO: 0x3b4,
  H_INT_SET_QUEUE_CONFIG: 0x3b8,
  H_INT_GET_QUEUE_CONFIG: 0x3bc,
  H_INT_SET_OS_REPORTING_LINE: 0x3c0,
  H_INT_GET_OS_REPORTING_LINE: 0x3c4,
  H_INT_ESB: 0x3c8,
  H_INT_SYNC: 0x3cc,
  H_INT_RESET: 0x3d0,
} as const;
export type HcallName = keyof typeof HCALL;

/** Logical interrupt source numbers: 8K of them, in ranges by what they are for. XICS knows those from 0x1000 on. */
export const LISN = {
  /** IPIs of vCPUs, one per server. */
  IPI: 0x0000,
  EPOW: 0x1000,
  HOTPLUG: 0x1001,
  VIO: 0x1100,
  /** LSIs of PCI host bridges, four each. */
  PCI_LSI: 0x1200,
  MSI: 0x1300,
  END: 0x2000,
} as const;
/** First number that both controllers have (XICS_IRQ_BASE). */
export const XIRQ_BASE = 0x1000;

/** Logical real address of the sources' ESB pages, two of 64 KiB each. */
export const VC_BASE = 0x0006010000000000n;
/** The END ESB pages follow them. */
export const END_ESB_BASE = VC_BASE + BigInt(LISN.END) * 0x20000n;
/** log2 of a pair of ESB pages. */
export const ESB_SHIFT = 17;
/** Logical real address of the TIMA: hardware, hypervisor, OS and user page. */
export const TM_BASE = 0x0006030203180000n;

/** First priority that belongs to the hypervisor: with single escalation KVM takes 7 (hv-prio). */
export const HV_PRIORITY = 7;
/** Index of the NVT of server 0 in QEMU's tables. */
export const NVT_BASE = 0x400;
/** log2 of the sizes of an event queue that H_INT_SET_QUEUE_CONFIG takes; 0 resets. */
export const QUEUE_SIZES: readonly bigint[] = [0n, 12n, 16n, 21n, 24n];

/** Flags in R4 of H_INT_GET_SOURCE_INFO. */
export const SRC = { STORE_EOI: 1n, TRIGGER: 2n, LSI: 4n, H_INT_ESB: 8n } as const;
/** Flags of H_INT_SET_SOURCE_CONFIG. */
export const SRC_CONFIG = { MASK: 1n, SET_EISN: 2n } as const;
/** Flag of H_INT_SET_QUEUE_CONFIG: notify always (n). */
export const ALWAYS_NOTIFY = 1n;
/** Flag of H_INT_GET_QUEUE_CONFIG. */
export const DEBUG = 1n;
/** Flag of H_INT_ESB: a store. */
export const ESB_STORE = 1n;
/** All ones in a register. */
export const ALL_ONES = 0xffffffffffffffffn;

/** What a LISN may be: an LSI, or edge-triggered. Only external sources can be claimed by devices. */
export const isExternal = (lisn: number): boolean => lisn >= XIRQ_BASE && lisn < LISN.END;
