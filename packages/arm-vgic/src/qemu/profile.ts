// What QEMU 7.2's controllers do against the architecture, and what later releases have mended, as data.

/** One way of QEMU's own. */
export interface Peculiarity {
  /** What it does, in a clause. */
  readonly what: string;
  readonly reason: string;
  /** QEMU file and function, release. */
  readonly source: string;
}

/** By a name that the code asks for. */
export const QEMU_7_2 = {
  activeAtAllCpus: {
    what: 'GICv2: ISACTIVER makes an SPI active at all eight CPUs; EOIR and DIR end it at their own, it still reads as active and is delivered again',
    reason: 'the active state is a mask of CPUs, and only IAR, EOIR and DIR know theirs',
    source: 'hw/intc/arm_gic.c gic_dist_writeb, gic_internal.h gic_clear_active, 7.2',
  },
  triggerChangesLater: {
    what: 'GICv3: a write of GICD_ICFGR is not looked at until something else of those interrupts changes',
    reason: 'the one register of the distributor whose write does not update the CPU interfaces',
    source: 'hw/intc/arm_gicv3_dist.c gicd_writel, 7.2',
  },
  otherCpusHearLater: {
    what: "GICv3: an update that a redistributor's change needs for all CPUs tells only its own CPU",
    reason: 'gicv3_redist_update sets the pins of one CPU interface after gicv3_full_update_noirqset',
    source: 'hw/intc/arm_gicv3.c gicv3_redist_update, 7.2',
  },
  lpiEoiDeactivatesNothing: {
    what: 'GICv3: EOIR of an LPI clears an active bit beyond the bitmap',
    reason: 'LPIs have no active state; the write lands in memory that no INTID below 288 uses for LPIs up to 13311',
    source: 'hw/intc/arm_gicv3_cpuif.c icc_deactivate_irq, 7.2',
  },
  group0OffAsksGroup1: {
    what: 'GICv3: MISR.VGrp0D is set by VENG1 = 0, not VENG0 = 0',
    reason: 'a slip, still there in QEMU 10.2',
    source: 'hw/intc/arm_gicv3_cpuif.c maintenance_interrupt_state, 7.2 to 10.2',
  },
  faultOfCollectionIsIgnored: {
    what: 'ITS: INT, CLEAR and DISCARD go on when the collection cannot be read; other commands stall',
    reason: 'do_process_its_cmd drops the result of process_its_cmd_phys',
    source: 'hw/intc/arm_gicv3_its.c do_process_its_cmd, 7.2',
  },
} as const satisfies Readonly<Record<string, Peculiarity>>;
