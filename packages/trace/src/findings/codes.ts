// The table of everything `trace` can report: code, title, explanation, remedy. `virq explain VIRQ-T001` prints an entry.

/** What one code means. */
export interface CodeEntry {
  readonly title: string;
  readonly explanation: string;
  readonly remedy: string;
}

/** Code of a finding (T0xx), of a blind spot (T1xx) or of a warning about the capture (T2xx). */
export type TraceCode = keyof typeof TRACE_CODES;

/** Code → meaning. */
export const TRACE_CODES = {
  'VIRQ-T001': {
    title: 'lost',
    explanation:
      'An irqfd without KVM_IRQFD_FLAG_RESAMPLE raises its GSI and lowers it again at once. A level-triggered PIC pin forgets the request together with the level, so unless the vCPU acknowledges within those microseconds the interrupt never reaches the guest.',
    remedy:
      'Register the irqfd with KVM_IRQFD_FLAG_RESAMPLE and a resamplefd (level stays up until the EOI), or route the GSI to an edge-triggered pin or an MSI.',
  },
  'VIRQ-T002': {
    title: 'stuck',
    explanation:
      'A resampling irqfd raised the level and nothing after it shows the guest serving it. VFIO keeps the device masked until the resamplefd fires, so the device is silent from here on.',
    remedy:
      'Look at the guest: is the pin unmasked, does a driver own the interrupt, is the vCPU running? Check the routing of the GSI (KVM_SET_GSI_ROUTING) and the pin table of the guest (ACPI _PRT or device tree).',
  },
  'VIRQ-T003': {
    title: 'storm',
    explanation:
      'The level is raised again right after each EOI: the device was still asserting when it was unmasked. kvm_ioapic_delayed_eoi_inj means that KVM itself counted 10000 immediate re-deliveries and now delays them.',
    remedy:
      'The guest handler acknowledges without quieting the device: check which driver owns the interrupt, whether it clears the cause before the EOI, and whether another device shares the pin.',
  },
  'VIRQ-T004': {
    title: 'one-then-silence',
    explanation:
      'One interrupt was delivered and served, and nothing followed. The device is masked until the guest signals a level EOI, but the guest serves the pin as edge-triggered, or no resamplefd is registered, so nobody unmasks it.',
    remedy:
      'Program the pin as level-triggered in the guest (ACPI/MP table polarity and trigger), register the irqfd with a resamplefd, or use MSI.',
  },
  'VIRQ-T005': {
    title: 'missing-eoi',
    explanation: 'The vector was injected and no EOI for it followed, although the vCPU went on running.',
    remedy:
      'Check the guest handler of this vector: it must write the EOI register (or x2APIC MSR 0x80b) before returning.',
  },
  'VIRQ-T006': {
    title: 'missing-ack',
    explanation:
      'The guest signalled EOI for a level-triggered vector, but kvm_ack_irq for its pin did not follow. The EOI did not reach the IOAPIC model: the vCPU’s EOI exit bitmap or the pin’s route is stale, or the pin’s vector was rewritten while in service.',
    remedy:
      'Compare the redirection entry with the accepted vector; look for route or destination changes between accept and EOI; try a kernel with the fixes for stale EOI bitmaps.',
  },
  'VIRQ-T007': {
    title: 'masked',
    explanation:
      'The interrupt was raised while every irqchip pin it is routed to was masked. It waits until the guest unmasks.',
    remedy: 'If the device should work: is a guest driver bound, and does the GSI match the pin that the guest uses?',
  },
  'VIRQ-T008': {
    title: 'coalesced',
    explanation: 'A new edge found the previous one still pending: the guest sees one interrupt for several.',
    remedy: 'Normal for drivers that drain all work per interrupt. Otherwise look at the latency from raise to EOI.',
  },
  'VIRQ-T009': {
    title: 'undelivered',
    explanation:
      'An unmasked edge-triggered entry was raised and no local APIC accepted it: the destination matches no vCPU.',
    remedy: 'Check destination and destination mode of the entry against the APIC ids and logical ids of the vCPUs.',
  },
  'VIRQ-T010': {
    title: 'unclaimed',
    explanation:
      'Host interrupts that no handler claimed, many in a row. The kernel disables the line after 99,900 of 100,000 (“nobody cared”), which stops every device on it.',
    remedy:
      'Find the device that asserts: `virq doctor` lists who shares the line. Use MSI, another slot, or vfio-pci nointxmask=1.',
  },
  'VIRQ-T101': {
    title: 'events-absent',
    explanation: 'The capture does not contain a tracepoint that a column needs.',
    remedy: 'Record it too: kvm:*, irq:irq_handler_entry, irq:irq_handler_exit.',
  },
  'VIRQ-T102': {
    title: 'events-dropped',
    explanation: 'The tracer dropped events; patterns next to a gap may be artefacts.',
    remedy: 'Use a larger buffer (buffer_size_kb, perf -m) or fewer events.',
  },
  'VIRQ-T103': {
    title: 'posted',
    explanation: 'Posted device interrupts go from the IOMMU to the guest and leave no trace event.',
    remedy: 'Watch PIN, PIW and NPI in /proc/interrupts, or kvm_avic_ga_log.',
  },
  'VIRQ-T104': {
    title: 'several-guests',
    explanation: 'Events of several guests cannot be told apart.',
    remedy: 'Record with perf -F +pid (comm, pid/tid) or the ftrace option record-tgid.',
  },
  'VIRQ-T105': {
    title: 'still-open',
    explanation: 'Raised shortly before the end of the capture: open, not stuck.',
    remedy: 'Record longer.',
  },
  'VIRQ-T106': {
    title: 'excerpt',
    explanation: 'The header announces more entries than the capture holds.',
    remedy: 'Analyse the whole capture.',
  },
  'VIRQ-T107': {
    title: 'architecture',
    explanation: 'The architecture has no tracepoint for this step.',
    remedy: 'Rely on kvm_ack_irq and resampling, which are traced for level-triggered interrupts.',
  },
  'VIRQ-T201': {
    title: 'event-text',
    explanation: 'The text of a known event is not the one this version prints.',
    remedy: 'Report the line and the kernel version.',
  },
  'VIRQ-T202': {
    title: 'unreadable-lines',
    explanation: 'Lines that are neither events nor headers.',
    remedy: 'Is the file a text capture, and of one tool only?',
  },
  'VIRQ-T203': {
    title: 'long-lines',
    explanation: 'Lines over 64 KiB were skipped.',
    remedy: 'No tracer prints such lines; check the file.',
  },
  'VIRQ-T204': {
    title: 'cut-off',
    explanation: 'The last line is incomplete.',
    remedy: 'The copy was interrupted; copy the capture again.',
  },
  'VIRQ-T205': { title: 'binary', explanation: 'The file is not a text capture.', remedy: 'Convert it first.' },
  'VIRQ-T206': {
    title: 'no-events',
    explanation: 'The capture holds no event.',
    remedy: 'Enable the kvm events before starting the guest; see `virq trace --print-recorder`.',
  },
  'VIRQ-T207': {
    title: 'time-order',
    explanation: 'Timestamps run backwards on a CPU; latencies across such places are wrong.',
    remedy: 'Use trace_clock mono or perf script without --ns reordering.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
