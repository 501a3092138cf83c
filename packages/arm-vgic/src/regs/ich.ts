// The hypervisor's side of a CPU interface as raw words: GICH of a GICv2, ICH_*_EL2 of a GICv3. Read only; KVM writes them as state. Arm IHI 0048B 5.3, IHI 0069 12.4.

import { bitfield, registers } from '@virq/irq-core/registers';
import { eisr, elrsr, misr } from '../cpuif/maintenance.ts';
import { type CpuPort, vtrWord } from '../cpuif/port.ts';
import { encodeV2, encodeV3 } from '../lr/format.ts';
import { MAX_LRS } from '../lr/layout.ts';

const HCR = {
  EOIcount: [31, 27],
  TDIR: 14,
  vSGIEOICount: 8,
  VGrp1DIE: 7,
  VGrp1EIE: 6,
  VGrp0DIE: 5,
  VGrp0EIE: 4,
  NPIE: 3,
  LRENPIE: 2,
  UIE: 1,
  En: 0,
} as const;
const MISR = { VGrp1D: 7, VGrp1E: 6, VGrp0D: 5, VGrp0E: 4, NP: 3, LRENP: 2, U: 1, EOI: 0 } as const;
const COMMON = { EOImode: 9, CBPR: 4, FIQEn: 3, AckCtl: 2, EN1: 1, EN0: 0 } as const;
const VMCR_V2 = { PMR: [31, 27], BPR: [23, 21], ABPR: [20, 18], ...COMMON } as const;
const VMCR_V3 = { PMR: [31, 24], BPR0: [23, 21], BPR1: [20, 18], ...COMMON } as const;
const { TDIR: _tdir, vSGIEOICount: _count, ...HCR_V2 } = HCR;

/** GICH: 4 KiB. */
export const GICH = registers('GICH (GICv2)', 'Arm IHI 0048B', {
  HCR: { at: 0x00, access: 'RW', fields: HCR_V2, spec: '5.3.1' },
  VTR: { at: 0x04, access: 'RO', fields: { PRIbits: [31, 29], PREbits: [28, 26], lrs: [5, 0] }, spec: '5.3.2' },
  VMCR: { at: 0x08, access: 'RW', fields: VMCR_V2, spec: '5.3.3' },
  MISR: { at: 0x10, access: 'RO', fields: MISR, spec: '5.3.4' },
  EISR: { at: 0x20, access: 'RO', per: 'LR', bits: 1, count: 64, spec: '5.3.5' },
  ELRSR: { at: 0x30, access: 'RO', per: 'LR', bits: 1, count: 64, spec: '5.3.7' },
  APR: { at: 0xf0, access: 'RW', spec: '5.3.9' },
  LR: { at: 0x100, access: 'RW', per: 'LR', bits: 32, count: 64, spec: '5.3.10' },
});

const hcrFields = bitfield(HCR);
const vmcrV2 = bitfield(VMCR_V2);
const vmcrV3 = bitfield(VMCR_V3);

function hcrWord({ c: { hcr } }: CpuPort): number {
  return hcrFields.pack({
    EOIcount: hcr.eoiCount,
    TDIR: hcr.tdir,
    vSGIEOICount: hcr.sgiEoiCount,
    VGrp1DIE: hcr.group1Off,
    VGrp1EIE: hcr.group1On,
    VGrp0DIE: hcr.group0Off,
    VGrp0EIE: hcr.group0On,
    NPIE: hcr.npie,
    LRENPIE: hcr.lrenpie,
    UIE: hcr.uie,
    En: hcr.en,
  });
}

const commonOf = ({ c: { vmcr } }: CpuPort) => ({
  EOImode: vmcr.eoiMode,
  CBPR: vmcr.cbpr,
  FIQEn: vmcr.fiqEn,
  AckCtl: vmcr.ackCtl,
  EN1: vmcr.enable1,
  EN0: vmcr.enable0,
});

/** A word by its name without prefix and suffix, as a GIC of version `host` has it. */
type Word = (p: CpuPort, host: 2 | 3) => bigint;
const word =
  (read: (p: CpuPort, host: 2 | 3) => number): Word =>
  (p, host) =>
    BigInt(read(p, host) >>> 0);

function vmcrWord(p: CpuPort, host: 2 | 3): number {
  const { pmr, bpr0, bpr1 } = p.c.vmcr;
  if (host === 2) return vmcrV2.pack({ PMR: pmr >>> 3, BPR: bpr0, ABPR: bpr1, ...commonOf(p) });
  return vmcrV3.pack({ PMR: pmr, BPR0: bpr0, BPR1: bpr1, ...commonOf(p) });
}

function lrWord(p: CpuPort, host: 2 | 3, n: number): bigint {
  const lr = p.c.lrs.at(n);
  if (host === 2) return BigInt(encodeV2(lr));
  const { lo, hi } = encodeV3(lr);
  return (BigInt(hi) << 32n) | BigInt(lo);
}

const perWord = (name: string, count: number, read: (n: number) => Word): Record<string, Word> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, read(n)]));

/** What there is. GICH_APR is where a GICv3 has AP1R0. */
export const ICH: Readonly<Record<string, Word>> = {
  HCR: word(hcrWord),
  VTR: word((p, host) =>
    host === 2 ? vtrWord({ ...p.vtr, idBits: 0, seis: 0, a3v: 0, tds: 0 }) & ~(1 << 20) : vtrWord(p.vtr),
  ),
  VMCR: word(vmcrWord),
  MISR: word((p) => misr(p.c, p.vtr.lrs)),
  EISR: word((p) => eisr(p.c, p.vtr.lrs)),
  ELRSR: word((p) => elrsr(p.c, p.vtr.lrs)),
  APR: word((p) => p.c.ap1.get(0)),
  ...perWord('AP0R', 4, (n) => word((p) => p.c.ap0.get(n))),
  ...perWord('AP1R', 4, (n) => word((p) => p.c.ap1.get(n))),
  ...perWord('LR', MAX_LRS, (n) => (p, host) => lrWord(p, host, n)),
};

/** GICH_VTR, ICH_VTR_EL2 and VTR are one register. */
export const ichName = (name: string): string => name.replace(/^(GICH|ICH)_/, '').replace(/_EL2$/, '');
