// Offsets and names of the local APIC's registers. Intel SDM vol. 3 table 11-1; names as the kernel's tracepoints print them.

/** Offset in the 4 KiB page → name; the x2APIC MSR is 0x800 + offset / 16. */
export const APIC_NAMES: Readonly<Record<number, string>> = {
  0x20: 'ID',
  0x30: 'LVR',
  0x80: 'TASKPRI',
  0x90: 'ARBPRI',
  0xa0: 'PROCPRI',
  0xb0: 'EOI',
  0xc0: 'RRR',
  0xd0: 'LDR',
  0xe0: 'DFR',
  0xf0: 'SPIV',
  0x100: 'ISR',
  0x180: 'TMR',
  0x200: 'IRR',
  0x280: 'ESR',
  0x2f0: 'LVTCMCI',
  0x300: 'ICR',
  0x310: 'ICR2',
  0x320: 'LVTT',
  0x330: 'LVTTHMR',
  0x340: 'LVTPC',
  0x350: 'LVT0',
  0x360: 'LVT1',
  0x370: 'LVTERR',
  0x380: 'TMICT',
  0x390: 'TMCCT',
  0x3e0: 'TDCR',
  0x3f0: 'SELF_IPI',
};

/** Name of the register at an offset; the eight words of ISR, TMR and IRR share one name. */
export function apicName(offset: number): string {
  const base = offset >= 0x100 && offset < 0x280 ? offset & 0xf80 : offset;
  return APIC_NAMES[base] ?? `0x${offset.toString(16)}`;
}

/** Offset of a register by the kernel's name, -1 if there is none. */
export function apicOffset(name: string): number {
  const at = Object.entries(APIC_NAMES).find(([, known]) => known === name);
  return at === undefined ? -1 : Number(at[0]);
}
