// Events of the POWER backend and its host. Linux has no tracepoints in book3s_xive.c; names and texts are virq's own.

import type { EventTexts } from '@virq/irq-core/events';
import { machineEvents } from './guest/events.ts';

/** Texts by event. */
export const powerEvents: EventTexts = {
  ...machineEvents,
  xive_signal: (e) => `thread ${e['thread']} ring ${e['ring']}`,
  xive_queue: (e) => `end ${e['end']} data 0x${Number(e['data']).toString(16)}`,
  xive_escalation_lost: (e) =>
    `vcpu ${e['vcpu']}: the escalation of priority ${e['priority']} is disposed of while it is in use`,
  xive_sigbus: (e) => `page 0x${Number(e['page']).toString(16)}: ${e['why']}`,
  xive_overrun: (e) => `end ${e['end']}: an entry was overwritten before it was read`,
  xive_drop: (e) => `${e['why']} (${e['number']})`,
  xive_kvm_warning: (e) => String(e['text']),
  xive_guest_error: (e) => `${e['unit']} ${e['number']}: ${e['what']}`,
};
