// @table
// Where KVM's GIC and QEMU's differ because they are built differently, each with what a guest does to see it. Both are models here, and the same accesses run on both.

/** A frame of registers that a guest reaches. */
export type GuestFrame = 'd' | 'c' | 'r' | 'sgi' | 'its';

/** What a guest or a device does: a load (or with a value a store), a line, IAR, EOIR, or a word that both have. */
export type Step =
  | { readonly at: GuestFrame; readonly reg: string; readonly size?: 1 | 2 | 4 | 8; readonly value?: bigint }
  | { readonly line: number; readonly level: 0 | 1 }
  | { readonly iar: 'IAR' }
  | { readonly eoir: number }
  | { readonly op: string; readonly [argument: string]: string | number };

/** One difference. */
export interface Difference {
  readonly id: string;
  /** GICv2, GICv3 as it comes out of reset, or GICv3 with LPIs, an ITS and CPUs that execute. */
  readonly machine: 'gicv2' | 'gicv3' | 'its';
  readonly what: string;
  readonly kvm: string;
  readonly qemu: string;
  readonly reason: string;
  /** Files of Linux (arch/arm64/kvm/vgic) and QEMU 7.2 (hw/intc). */
  readonly source: string;
  readonly steps: readonly Step[];
  /** What loads and IAR give, in order. */
  readonly seen: { readonly kvm: readonly string[]; readonly qemu: readonly string[] };
}

const load = (at: GuestFrame, reg: string, size: 1 | 2 | 4 | 8 = 4): Step => ({ at, reg, size });
const store = (at: GuestFrame, reg: string, value: bigint, size: 1 | 2 | 4 | 8 = 4): Step => ({ at, reg, size, value });
const iar: Step = { iar: 'IAR' };

/** A reset value or a read-only register. */
const reads = (row: Omit<Difference, 'steps' | 'seen'>, step: Step, kvm: string, qemu: string): Difference => ({
  ...row,
  steps: [step],
  seen: { kvm: [kvm], qemu: [qemu] },
});

/** A register that is stored to and read back. */
const keeps = (
  row: Omit<Difference, 'steps' | 'seen'>,
  { at, reg, size = 4, value }: { at: GuestFrame; reg: string; size?: 1 | 2 | 4 | 8; value: bigint },
  seen: Difference['seen'],
): Difference => ({ ...row, steps: [store(at, reg, value, size), load(at, reg, size)], seen });

/** SPI 40 as a driver sets it up, deliverable to CPU 0 of a GICv3. */
const spi40 = (edge: boolean): Step[] => [
  store('d', 'CTLR', 0x13n),
  { op: 'cpu_setup', cpu: 0 },
  store('d', 'IGROUPR:4', 0x100n),
  store('d', 'IPRIORITYR:40', 0xa0n, 1),
  store('d', 'ICFGR:8', edge ? 0x20000n : 0n),
  store('d', 'IROUTER:320', 0n, 8),
  store('d', 'ISENABLER:4', 0x100n),
];

/** LPI 8192 for event 0 of device 1, collection 0 on CPU 0. */
const lpi8192: readonly Step[] = [
  store('d', 'CTLR', 0x13n),
  { op: 'cpu_setup', cpu: 0 },
  { op: 'cpu_setup', cpu: 1 },
  { op: 'lpi_config', intid: 8192, prio: 0xa0 },
  { op: 'mapc', icid: 0, cpu: 0 },
  { op: 'mapc', icid: 1, cpu: 1 },
  { op: 'mapd', dev: 1 },
  { op: 'mapti', dev: 1, event: 0, intid: 8192, icid: 0 },
];
const happens: Step = { op: 'int', dev: 1, event: 0 };

const OWN_ID = 'each names itself; the product and revision are what software asks for';

/** The differences, by what they are about. */
export const KVM_AND_QEMU: readonly Difference[] = [
  keeps(
    {
      id: 'distributor-group0',
      machine: 'gicv3',
      what: 'GICD_CTLR',
      kvm: 'group 1 only',
      qemu: 'groups 0 and 1',
      reason: "KVM's distributor has one enable; group 0 of a guest follows it",
      source: 'vgic-mmio-v3.c vgic_mmio_write_v3_misc; arm_gicv3_dist.c gicd_writel',
    },
    { at: 'd', reg: 'CTLR', value: 0x13n },
    { kvm: ['0x52'], qemu: ['0x53'] },
  ),
  reads(
    {
      id: 'distributor-typer',
      machine: 'gicv3',
      what: 'GICD_TYPER of a distributor with 256 SPIs',
      kvm: 'interrupts in all, by 32, less one',
      qemu: 'SPIs only, by 32, less one; No1N and A3V set, 16 bits of INTID, LPIs',
      reason: 'QEMU 7.2 leaves the private interrupts out, so that ITLinesNumber is one too low; 10.0 has it right',
      source: 'vgic-mmio-v3.c vgic_mmio_read_v3_misc; arm_gicv3_dist.c gicd_readl',
    },
    load('d', 'TYPER'),
    '0x480008',
    '0x37a0007',
  ),
  reads(
    {
      id: 'distributor-iidr',
      machine: 'gicv3',
      what: 'GICD_IIDR',
      kvm: "product 'K', revision 3",
      qemu: 'product 0',
      reason: OWN_ID,
      source: 'vgic.h PRODUCT_ID_KVM; gicv3_internal.h gicv3_iidr',
    },
    load('d', 'IIDR'),
    '0x4b00343b',
    '0x43b',
  ),
  reads(
    {
      id: 'statusr',
      machine: 'gicv3',
      what: 'GICD_STATUSR, which neither has',
      kvm: 'all ones',
      qemu: 'zero',
      reason: 'KVM reads it with the handler of write-ignored registers',
      source: 'vgic-mmio-v3.c vgic_v3_dist_registers; arm_gicv3_dist.c gicd_readl',
    },
    load('d', 'STATUSR'),
    '0xffffffff',
    '0x0',
  ),
  keeps(
    {
      id: 'priority-bits',
      machine: 'gicv3',
      what: 'GICD_IPRIORITYR',
      kvm: 'five bits',
      qemu: 'eight bits, which all count when the most urgent is looked for',
      reason: 'a list register has five on every host',
      source: 'vgic.h VGIC_PRI_BITS; arm_gicv3_dist.c gicd_write_ipriorityr',
    },
    { at: 'd', reg: 'IPRIORITYR:40', size: 1, value: 0xa7n },
    { kvm: ['0xa0'], qemu: ['0xa7'] },
  ),
  keeps(
    {
      id: 'irouter',
      machine: 'gicv3',
      what: 'GICD_IROUTER with IRM and Aff3',
      kvm: 'Aff2 to Aff0 stay',
      qemu: 'all 64 bits stay; IRM is not looked at, Aff3 is',
      reason: 'KVM keeps 24 bits of affinity per interrupt',
      source: 'vgic-mmio-v3.c vgic_mmio_write_irouter; arm_gicv3_dist.c gicd_write_irouter',
    },
    { at: 'd', reg: 'IROUTER:320', size: 8, value: 0x180000001n },
    { kvm: ['0x1'], qemu: ['0x180000001'] },
  ),
  keeps(
    {
      id: 'ppi-trigger',
      machine: 'gicv3',
      what: 'GICR_ICFGR1',
      kvm: 'PPIs are level-triggered',
      qemu: 'the trigger of PPIs can be set',
      reason: 'the PPIs that KVM has are lines of its own devices',
      source: 'vgic-mmio.c vgic_mmio_write_config; arm_gicv3_redist.c gicr_writel',
    },
    { at: 'sgi', reg: 'ICFGR:4', value: 0xaaaaaaaan },
    { kvm: ['0x0'], qemu: ['0xaaaaaaaa'] },
  ),
  reads(
    {
      id: 'sgi-enables',
      machine: 'gicv3',
      what: 'GICR_ISENABLER0 after reset',
      kvm: 'SGIs are on',
      qemu: 'everything is off',
      reason: "KVM resets SGIs as a GICv2's are, where they cannot be off",
      source: 'vgic-init.c vgic_allocate_private_irqs_locked; arm_gicv3_common.c arm_gicv3_common_reset',
    },
    load('sgi', 'ISENABLER'),
    '0xffff',
    '0x0',
  ),
  reads(
    {
      id: 'groups-after-reset',
      machine: 'gicv3',
      what: 'GICR_IGROUPR0 after reset',
      kvm: 'group 1',
      qemu: 'group 0',
      reason: 'a guest of KVM has group 1 interrupts; QEMU follows the manual unless it boots a kernel itself',
      source: 'vgic-init.c vgic_vcpu_reset_private_irqs; arm_gicv3_common.c arm_gicv3_common_reset',
    },
    load('sgi', 'IGROUPR'),
    '0xffffffff',
    '0x0',
  ),
  reads(
    {
      id: 'waker',
      machine: 'gicv3',
      what: 'GICR_WAKER after reset',
      kvm: 'reads as zero: awake, whatever is written',
      qemu: 'asleep until software clears ProcessorSleep',
      reason: "a vCPU's redistributor never sleeps",
      source: 'vgic-mmio-v3.c vgic_v3_rd_registers; arm_gicv3_common.c, arm_gicv3_redist.c gicr_writel',
    },
    load('r', 'WAKER'),
    '0x0',
    '0x6',
  ),
  reads(
    {
      id: 'redistributor-ctlr',
      machine: 'its',
      what: 'GICR_CTLR with LPIs on',
      kvm: 'CES and IR: LPIs can be switched off, and invalidated by register',
      qemu: 'CES',
      reason: 'QEMU 7.2 has no GICR_INVLPIR and GICR_INVALLR',
      source: 'vgic-mmio-v3.c vgic_mmio_read_v3r_ctlr; arm_gicv3_redist.c gicr_readl',
    },
    load('r', 'CTLR'),
    '0x7',
    '0x3',
  ),
  {
    id: 'propbaser-while-on',
    machine: 'its',
    what: 'GICR_PROPBASER written while LPIs are on',
    kvm: 'ignored',
    qemu: 'taken',
    reason: 'the manual leaves it open; KVM has one for all vCPUs',
    source: 'vgic-mmio-v3.c vgic_mmio_write_propbase; arm_gicv3_redist.c gicr_writell',
    steps: [store('r', 'PROPBASER', 0x4230000dn, 8), load('r', 'PROPBASER', 8)],
    seen: { kvm: ['0x4230058f'], qemu: ['0x4230000d'] },
  },
  reads(
    {
      id: 'redistributor-typer',
      machine: 'gicv3',
      what: 'GICR_TYPER of the first of two CPUs',
      kvm: 'no LPIs without an ITS, CommonLPIAff 0',
      qemu: 'LPIs, CommonLPIAff 1',
      reason: 'the tables of LPIs are shared by all vCPUs of KVM, by those of one Aff3 in QEMU',
      source: 'vgic-mmio-v3.c vgic_mmio_read_v3r_typer; arm_gicv3_common.c arm_gicv3_common_realize',
    },
    load('r', 'TYPER', 8),
    '0x0',
    '0x1000001',
  ),
  {
    id: 'latch-of-a-taken-level',
    machine: 'its',
    what: 'N2: ISPENDR of a level interrupt that software made pending, between IAR and EOIR',
    kvm: 'still set: the latch falls when the list register is found empty',
    qemu: 'clear: IAR takes the latch',
    reason: 'KVM learns of the IAR only when it reads the list register back',
    source: 'vgic-v3.c vgic_v3_fold_lr_state; arm_gicv3_cpuif.c icc_activate_irq',
    steps: [...spi40(false), store('d', 'ISPENDR:4', 0x100n), iar, load('d', 'ISPENDR:4'), { eoir: 40 }],
    seen: { kvm: ['40', '0x100'], qemu: ['40', '0x0'] },
  },
  {
    id: 'pending-while-active',
    machine: 'its',
    what: 'N1: a level interrupt made pending by software while it is active, then ended',
    kvm: 'lost: it was loaded active without pending, and the latch falls at its end',
    qemu: 'comes again',
    reason: 'KVM never loads a level interrupt as active and pending',
    source: 'vgic-v3.c vgic_v3_populate_lr, vgic_v3_fold_lr_state; arm_gicv3.c gicd_int_pending',
    steps: [
      ...spi40(false),
      { line: 40, level: 1 },
      iar,
      { line: 40, level: 0 },
      store('d', 'ISPENDR:4', 0x100n),
      { eoir: 40 },
      iar,
    ],
    seen: { kvm: ['40', '1023'], qemu: ['40', '40'] },
  },
  {
    id: 'distributor-off-and-on',
    machine: 'its',
    what: 'N4: a pending edge, the distributor off, an exit, the distributor on again',
    kvm: 'not delivered before it is raised again',
    qemu: 'delivered',
    reason: 'switched off, the interrupt leaves its ap_list, and switching on queues nothing',
    source: 'vgic.c vgic_prune_ap_list, vgic-mmio-v3.c vgic_mmio_write_v3_misc; arm_gicv3.c gicv3_full_update',
    steps: [
      ...spi40(true),
      { line: 40, level: 1 },
      { line: 40, level: 0 },
      store('d', 'CTLR', 0n),
      iar,
      store('d', 'CTLR', 0x13n),
      iar,
    ],
    seen: { kvm: ['1023', '1023'], qemu: ['1023', '40'] },
  },
  {
    id: 'route-repaired',
    machine: 'its',
    what: 'N5: an SPI that became pending while GICD_IROUTER named no CPU, which then is set right',
    kvm: 'not delivered before something queues it: here a second write of ISENABLER',
    qemu: 'delivered at once',
    reason: 'a write of IROUTER stores the target and looks no further',
    source: 'vgic-mmio-v3.c vgic_mmio_write_irouter; arm_gicv3_dist.c gicd_write_irouter',
    steps: [
      ...spi40(true),
      store('d', 'IROUTER:320', 0x10000n, 8),
      { line: 40, level: 1 },
      store('d', 'IROUTER:320', 0n, 8),
      iar,
      store('d', 'ISENABLER:4', 0x100n),
      iar,
    ],
    seen: { kvm: ['1023', '40'], qemu: ['40', '1023'] },
  },
  reads(
    {
      id: 'its-typer',
      machine: 'its',
      what: 'GITS_TYPER',
      kvm: 'entries of 8 bytes',
      qemu: 'ITT entries of 12 bytes, 16 bits of ICID by CIDbits',
      reason: 'the tables have formats of their own: an ITE of QEMU has room for a virtual LPI',
      source: 'vgic-its.c vgic_mmio_read_its_typer; arm_gicv3_its.c gicv3_arm_its_realize',
    },
    load('its', 'TYPER', 8),
    '0x1ef71',
    '0x1f0001efb1',
  ),
  reads(
    {
      id: 'its-iidr',
      machine: 'its',
      what: 'GITS_IIDR',
      kvm: "product 'K', the revision is that of the tables",
      qemu: 'product 0',
      reason: OWN_ID,
      source: 'vgic-its.c vgic_mmio_read_its_iidr; gicv3_internal.h gicv3_iidr',
    },
    load('its', 'IIDR'),
    '0x4b00043b',
    '0x43b',
  ),
  {
    id: 'its-creadr',
    machine: 'its',
    what: 'GITS_CREADR written by the guest',
    kvm: 'read-only',
    qemu: 'written, because GICD_CTLR.DS is 1',
    reason: 'the manual allows it with one security state; KVM lets user space write it only',
    source: 'vgic-its.c its_registers; arm_gicv3_its.c its_writell',
    steps: [store('its', 'CREADR', 0x40n, 8), load('its', 'CREADR', 8)],
    seen: { kvm: ['0x0'], qemu: ['0x40'] },
  },
  {
    id: 'its-cwriter',
    machine: 'its',
    what: 'GITS_CWRITER beyond the queue',
    kvm: 'ignored',
    qemu: 'kept, and nothing runs',
    reason: 'the manual leaves it open',
    source: 'vgic-its.c vgic_mmio_write_its_cwriter; arm_gicv3_its.c process_cmdq',
    steps: [store('its', 'CWRITER', 0x20000n, 8), load('its', 'CWRITER', 8)],
    seen: { kvm: ['0x0'], qemu: ['0x20000'] },
  },
  {
    id: 'its-enable',
    machine: 'its',
    what: 'GITS_CTLR.Enabled without a valid device table',
    kvm: 'stays off',
    qemu: 'goes on; every command finds no table',
    reason: 'the manual leaves it open',
    source: 'vgic-its.c vgic_mmio_write_its_ctlr; arm_gicv3_its.c extract_table_params',
    steps: [store('its', 'CTLR', 0n), store('its', 'BASER:0', 0n, 8), store('its', 'CTLR', 1n), load('its', 'CTLR')],
    seen: { kvm: ['0x80000000'], qemu: ['0x80000001'] },
  },
  {
    id: 'its-page-size',
    machine: 'its',
    what: 'page size of GITS_BASER0',
    kvm: 'always 64 KiB',
    qemu: 'as written',
    reason: 'KVM takes one size of pages',
    source: 'vgic-its.c vgic_mmio_write_its_baser; arm_gicv3_its.c its_writell',
    steps: [store('its', 'CTLR', 0n), store('its', 'BASER:0', 0x42100001n, 8), load('its', 'BASER:0')],
    seen: { kvm: ['0x42100201'], qemu: ['0x42100001'] },
  },
  {
    id: 'collection-unmapped',
    machine: 'its',
    what: 'N6: MAPC V=0 and MAPC V=1 of the collection of an event, then the event',
    kvm: 'the event has lost its collection for good',
    qemu: 'the event finds the collection again',
    reason: 'an ITE of KVM points to the collection, one of QEMU holds its number',
    source: 'vgic-its.c vgic_its_free_collection; arm_gicv3_its.c process_mapc',
    steps: [...lpi8192, { op: 'mapc', icid: 0, cpu: 0, valid: 0 }, { op: 'mapc', icid: 0, cpu: 0 }, happens, iar],
    seen: { kvm: ['1023'], qemu: ['8192'] },
  },
  {
    id: 'configuration-cached',
    machine: 'its',
    what: 'an LPI that is enabled in memory, without INV, then its event',
    kvm: 'not delivered: the byte is as it was at MAPTI',
    qemu: 'delivered: the byte is read when the LPI becomes pending',
    reason: 'KVM caches the configuration of every LPI, QEMU only the best one',
    source: 'vgic-its.c update_lpi_config; arm_gicv3_redist.c update_for_one_lpi',
    steps: [
      store('d', 'CTLR', 0x13n),
      { op: 'cpu_setup', cpu: 0 },
      { op: 'lpi_config', intid: 8192, enable: 0 },
      { op: 'mapc', icid: 0, cpu: 0 },
      { op: 'mapd', dev: 1 },
      { op: 'mapti', dev: 1, event: 0, intid: 8192, icid: 0 },
      { op: 'lpi_config', intid: 8192, enable: 1 },
      happens,
      iar,
    ],
    seen: { kvm: ['1023'], qemu: ['8192'] },
  },
  {
    id: 'movall',
    machine: 'its',
    what: 'MOVALL, then an event of a collection of the first CPU',
    kvm: 'goes to the second CPU: MOVALL has moved the LPI',
    qemu: 'goes to the first CPU: MOVALL has moved what was pending',
    reason: 'KVM keeps the target with the LPI, QEMU with the collection',
    source: 'vgic-its.c vgic_its_cmd_handle_movall; arm_gicv3_redist.c gicv3_redist_movall_lpis',
    steps: [...lpi8192, { op: 'movall', cpu1: 0, cpu2: 1 }, happens, iar],
    seen: { kvm: ['1023'], qemu: ['8192'] },
  },
  {
    id: 'mapti-takes-pending',
    machine: 'its',
    what: 'MAPTI of an event that is mapped already, to another LPI',
    kvm: 'ignored',
    qemu: 'the mapping is replaced',
    reason: 'the manual leaves it open',
    source: 'vgic-its.c vgic_its_cmd_handle_mapi; arm_gicv3_its.c process_mapti',
    steps: [
      ...lpi8192,
      { op: 'lpi_config', intid: 8193, prio: 0xa0 },
      { op: 'mapti', dev: 1, event: 0, intid: 8193, icid: 0 },
      happens,
      iar,
    ],
    seen: { kvm: ['8192'], qemu: ['8193'] },
  },
  keeps(
    {
      id: 'gicv2-group1',
      machine: 'gicv2',
      what: 'GICD_CTLR',
      kvm: 'one enable',
      qemu: 'one for each group',
      reason: "KVM's distributor has one enable",
      source: 'vgic-mmio-v2.c vgic_mmio_write_v2_misc; arm_gic.c gic_dist_writeb',
    },
    { at: 'd', reg: 'CTLR', value: 3n },
    { kvm: ['0x1'], qemu: ['0x3'] },
  ),
  reads(
    {
      id: 'gicv2-iidr',
      machine: 'gicv2',
      what: 'GICD_IIDR',
      kvm: "product 'K', revision 3",
      qemu: 'product 0',
      reason: OWN_ID,
      source: 'vgic-mmio-v2.c vgic_mmio_read_v2_misc; arm_gic.c gic_dist_readb',
    },
    load('d', 'IIDR'),
    '0x4b00343b',
    '0x43b',
  ),
  reads(
    {
      id: 'gicv2-pidr2',
      machine: 'gicv2',
      what: 'ICPIDR2',
      kvm: 'not there: zero',
      qemu: 'GICv2',
      reason: "KVM's distributor ends before the identification registers",
      source: 'vgic-mmio-v2.c vgic_v2_dist_registers; arm_gic.c gic_id_gicv2',
    },
    load('d', 'IDREGS:24'),
    '0x0',
    '0x2b',
  ),
  keeps(
    {
      id: 'gicv2-sgi-enables',
      machine: 'gicv2',
      what: 'GICD_ICENABLER0 of SGIs',
      kvm: 'SGIs can be off',
      qemu: 'SGIs are always on',
      reason: 'the manual leaves it open',
      source: 'vgic-mmio.c vgic_mmio_write_cenable; arm_gic.c gic_dist_writeb',
    },
    { at: 'd', reg: 'ICENABLER', value: 0xffffn },
    { kvm: ['0x0'], qemu: ['0xffff'] },
  ),
  keeps(
    {
      id: 'gicv2-priority-bits',
      machine: 'gicv2',
      what: 'GICD_IPRIORITYR',
      kvm: 'five bits',
      qemu: 'eight bits',
      reason: 'a list register has five; QEMU has num-priority-bits, 8 for virt',
      source: 'vgic.h VGIC_PRI_BITS; arm_gic_common.c n_prio_bits',
    },
    { at: 'd', reg: 'IPRIORITYR:40', size: 1, value: 0xa7n },
    { kvm: ['0xa0'], qemu: ['0xa7'] },
  ),
  keeps(
    {
      id: 'gicv2-halfwords',
      machine: 'gicv2',
      what: 'GICD_IPRIORITYR by 16 bits',
      kvm: 'no access of that width: ignored, reads as zero',
      qemu: 'two bytes',
      reason: "each register of KVM lists its widths, and none has 16 bits; QEMU's distributor is made of bytes",
      source: 'vgic-mmio.c check_region; arm_gic.c gic_dist_writew',
    },
    { at: 'd', reg: 'IPRIORITYR:40', size: 2, value: 0xa0a0n },
    { kvm: ['0x0'], qemu: ['0xa0a0'] },
  ),
  keeps(
    {
      id: 'gicv2-ppi-trigger',
      machine: 'gicv2',
      what: 'GICD_ICFGR1',
      kvm: 'PPIs are level-triggered',
      qemu: 'the trigger of PPIs can be set',
      reason: 'the PPIs that KVM has are lines of its own devices',
      source: 'vgic-mmio.c vgic_mmio_write_config; arm_gic.c gic_dist_writeb',
    },
    { at: 'd', reg: 'ICFGR:4', value: 0xaaaaaaaan },
    { kvm: ['0x0'], qemu: ['0xaaaaaaaa'] },
  ),
  reads(
    {
      id: 'gicv2-targets',
      machine: 'gicv2',
      what: 'GICD_ITARGETSR0 of a machine with one CPU',
      kvm: 'the CPU itself',
      qemu: 'zero',
      reason: 'QEMU takes the registers away from a GIC with one CPU, as the manual has it',
      source: 'vgic-mmio-v2.c vgic_mmio_read_target; arm_gic.c gic_dist_readb',
    },
    load('d', 'ITARGETSR'),
    '0x1010101',
    '0x0',
  ),
  {
    id: 'gicv2-sgi-filter',
    machine: 'gicv2',
    what: 'GICD_SGIR with the reserved filter 3',
    kvm: 'ignored',
    qemu: 'sent to all CPUs, this one included',
    reason: 'the manual reserves it',
    source: 'vgic-mmio-v2.c vgic_mmio_write_sgir; arm_gic.c gic_dist_writel',
    steps: [store('d', 'SGIR', 0x03000005n), load('d', 'ISPENDR')],
    seen: { kvm: ['0x0'], qemu: ['0x20'] },
  },
];
