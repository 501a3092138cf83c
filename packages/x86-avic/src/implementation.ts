// How implementations of the IOAPIC differ, as data: KVM's in the kernel, QEMU's in user space. Linux: ioapic.c; QEMU 7.2: hw/intc/ioapic.c.

/** Differences of one IOAPIC. */
export interface IoapicProfile {
  /** VERSION register: last entry and version. From 0x20 on there is an EOI register. */
  readonly version: number;
  /** The EOI register at offset 0x40: a vector written there ends it on every level pin. */
  readonly eoiRegister: boolean;
  /** What an index without a register reads. */
  readonly missingRegister: number;
  /** Pin that ISA interrupt 0 comes to. */
  readonly pinOfIrq0: number;
  /** An edge on a masked pin sets its IRR bit. */
  readonly latchesMaskedEdge: boolean;
  /** A delivered edge leaves the IRR bit set, until the line falls; while it is set further edges are coalesced. */
  readonly keepsDeliveredEdge: boolean;
  /** A falling line clears the IRR bit of an edge pin too. */
  readonly fallingClearsEdge: boolean;
  /** Writing an entry serves an edge pin whose IRR bit is set. */
  readonly writeServesEdge: boolean;
  /** Remote IRR is set by every attempt to deliver, not only when the answer is that it was. */
  readonly remoteIrrOnAttempt: boolean;
  /** ExtINT entries send the vector that the 8259A pair gives instead of their own. */
  readonly asksPicForExtint: boolean;
}

/** Implementations whose behaviour is modelled. */
export type Implementation = 'kvm' | 'qemu';

/** Profiles by implementation. */
export const IOAPIC_PROFILES: Readonly<Record<Implementation, IoapicProfile>> = {
  kvm: {
    version: 0x00170011,
    eoiRegister: false,
    missingRegister: 0xffffffff,
    pinOfIrq0: 0,
    latchesMaskedEdge: true,
    keepsDeliveredEdge: true,
    fallingClearsEdge: true,
    writeServesEdge: false,
    remoteIrrOnAttempt: false,
    asksPicForExtint: false,
  },
  qemu: {
    version: 0x00170020,
    eoiRegister: true,
    missingRegister: 0,
    pinOfIrq0: 2,
    latchesMaskedEdge: false,
    keepsDeliveredEdge: false,
    fallingClearsEdge: false,
    writeServesEdge: true,
    remoteIrrOnAttempt: true,
    asksPicForExtint: true,
  },
};
