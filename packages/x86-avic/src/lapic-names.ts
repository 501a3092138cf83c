// Offsets and names of the local APIC's registers. Intel SDM vol. 3 table 11-1; names as the kernel's tracepoints print them.

/** Offset in the 4 KiB page → name; the x2APIC MSR is 0x800 + offset / 16. */
export const APIC_NAMES: Readonly<Record<number, string>> = {
  32: 'ID',
  48: 'LVR',
  128: 'TASKPRI',
  144: 'ARBPRI',
  160: 'PROCPRI',
  176: 'EOI',
  192: 'RRR',
  208: 'LDR',
  224: 'DFR',
  240: 'SPIV',
  256: 'ISR',
  384: 'TMR',
  512: 'IRR',
  640: 'ESR',
  752: 'LVTCMCI',
  768: 'ICR',
  784: 'ICR2',
  800: 'LVTT',
  816: 'LVTTHMR',
  832: 'LVTPC',
  848: 'LVT0',
  864: 'LVT1',
  880: 'LVTERR',
  896: 'TMICT',
  912: 'TMCCT',
  992: 'TDCR',
  1008: 'SELF_IPI',
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
