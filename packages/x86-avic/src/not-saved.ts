// What KVM's save and restore ioctls do not carry over to another machine, by state path. Linux: ioapic.c, i8259.c, lapic.c *_get_state, *_set_state.

/** State path below a VM's chip → what becomes of it. */
export const NOT_SAVED: Readonly<Record<string, string>> = {
  'ioapic.pins[].sources': 'irq_states: no source holds the line; it falls with the first change of any',
  'ioapic.irr': 'KVM_GET_IRQCHIP hides delivered edges; the other bits are injected again',
  'ioapic.delivered': 'irr_delivered: none',
  'ioapic.pins[].lo': 'Remote IRR is set if the injected irr is delivered now and was not before',
  'ioapic.pins[].eois': 'the storm limiter counts anew',
  'ioapic.delayed': 'a delayed injection happens at once',
  'ioapic.delayedAt': 'a delayed injection happens at once',
  'ioapic.rtcPending': 'derived anew from IRR and ISR',
  'lapics[].rtcOwed': 'derived anew from IRR and ISR',
  'lapics[].rtcVector': 'derived anew from IRR and ISR',
  'pic.sources[]': 'irq_states: no source holds the line',
  'pic.chips[].irr': 'evaluated again: a request of the slave shows in the master',
  'pic.output': 'evaluated again',
  'pic.wakeupNeeded': 'evaluated again',
  'lapics[].irr': 'a one-shot timer that has fired fires again: it is started with nothing left',
  'lapics[].ppr': 'KVM_SET_LAPIC leaves it stale; it is computed when it is next looked at',
  'lapics[].timerPending': 'an expiry that found its entry masked is lost, but for one-shot, which fires again',
  'lapics[].timerDeadline': 'what is left is rounded down to whole ticks; a whole period left reads as nothing left',
  'lapics[].timerPeriod': 'computed anew from TMICT, TDCR and the mode',
  'lapics[].arbPrio': 'apic_arb_prio: 0',
  'lapics[].isrCache': 'highest_isr_cache: found again',
  'lapics[].eoiVectors': 'scanned again',
  'lapics[].staleEoi': 'scanned again',
  'lapics[].pendingIoapicEoi': 'split irqchip: an EOI on its way to user space is lost',
};
