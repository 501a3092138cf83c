// What the capture cannot show (blind spots) and what is wrong with the capture itself (warnings).
import type { ReadProblem } from '../read-summary.ts';
import { duration, rowLabel } from '../report/labels.ts';
import type { Remark } from '../report/trace-report.ts';
import { allGuests, rowsOf } from './judge-capture.ts';
import { recorded, type Verdict } from './verdict.ts';

type Check = (verdict: Verdict) => Remark | undefined;

const absent =
  (events: readonly string[], when: readonly string[], text: string): Check =>
  (verdict) =>
    recorded(verdict, ...when) && !recorded(verdict, ...events) ? { code: 'VIRQ-T101', text } : undefined;

const KVM_X86 = [
  'kvm_ioapic_set_irq',
  'kvm_pic_set_irq',
  'kvm_msi_set_irq',
  'kvm_apic_accept_irq',
  'kvm_inj_virq',
  'kvm_eoi',
];
const KVM_ANY = [
  ...KVM_X86,
  'kvm_set_irq',
  'kvm_ack_irq',
  'vgic_update_irq_pending',
  'kvm_irq_line',
  'kvm_entry',
  'kvm_exit',
];
const ARM = ['vgic_update_irq_pending', 'kvm_irq_line', 'kvm_timer_update_irq'];

const CHECKS: readonly Check[] = [
  absent(
    KVM_ANY,
    ['irq_handler_entry', 'irq_handler_exit', 'sched_switch'],
    'No kvm event: only the host side of interrupts shows.',
  ),
  absent(
    ['kvm_set_irq', 'kvm_msi_set_irq', ...ARM],
    KVM_ANY,
    'No kvm_set_irq or kvm_msi_set_irq: who raised an interrupt, and when, does not show.',
  ),
  absent(
    ['kvm_eoi', 'kvm_pv_eoi', 'kvm_ack_irq', ...ARM],
    KVM_X86,
    'No kvm_eoi and no kvm_ack_irq: whether the guest acknowledged does not show (not recorded, accelerated by AVIC/APICv, or it never did).',
  ),
  absent(['kvm_ack_irq'], ['kvm_eoi', 'kvm_pv_eoi'], 'No kvm_ack_irq: EOIs do not show reaching an IOAPIC or PIC pin.'),
  absent(
    ['kvm_inj_virq', ...ARM],
    KVM_X86,
    'No kvm_inj_virq: “injected” counts acceptance by the local APIC; PIC injections do not show.',
  ),
  absent(['irq_handler_entry'], KVM_ANY, 'No irq_handler_entry: which host interrupt caused a raise does not show.'),
  absent(
    ['irq_handler_exit'],
    ['irq_handler_entry'],
    'No irq_handler_exit: on a shared line, whose interrupt it was does not show.',
  ),
  (verdict) =>
    recorded(verdict, ...ARM)
      ? {
          code: 'VIRQ-T107',
          text: 'arm64 traces no injection and no EOI of edge-triggered interrupts: “injected” counts arrival at the distributor, and EOI shows only as kvm_ack_irq of level-triggered SPIs.',
        }
      : undefined,
  ({ state }) =>
    state.posted > 0
      ? {
          code: 'VIRQ-T103',
          text: `Posting was switched on ${state.posted}× (kvm_pi_irte_update): those interrupts reach the guest without any event.`,
        }
      : undefined,
  ({ summary }) =>
    summary.lostEvents > 0
      ? { code: 'VIRQ-T102', text: `The tracer dropped ${summary.lostEvents} events.` }
      : undefined,
  ({ state }) =>
    state.guests.mixed
      ? {
          code: 'VIRQ-T104',
          text: 'Several guests run here and the lines do not say whose an event is; unanswered raises are not judged.',
        }
      : undefined,
  ({ state }) =>
    state.guests.unattributed.gsis.size > 0
      ? {
          code: 'VIRQ-T104',
          text: 'Several guests: irqfd injections in kworkers could not all be attributed; those rows are not judged.',
        }
      : undefined,
  ({ summary }) =>
    summary.entriesInBuffer > summary.events && summary.events > 0
      ? {
          code: 'VIRQ-T106',
          text: `The header announces ${summary.entriesInBuffer} entries, ${summary.events} are here: an excerpt.`,
        }
      : undefined,
  openRaises,
];

/** Raises of resampling irqfds too young to be called stuck. */
function openRaises(verdict: Verdict): Remark | undefined {
  const open = allGuests(verdict)
    .flatMap(rowsOf)
    .filter((row) => row.open && row.resampling && (row.asserted & 2) !== 0);
  if (open.length === 0) return undefined;
  const list = open
    .map((row) => `${rowLabel(row)} (${duration(verdict.end - row.raiseTime)})`)
    .slice(0, 5)
    .join(', ');
  return { code: 'VIRQ-T105', text: `Unanswered at the end: ${list}${open.length > 5 ? ', …' : ''}.` };
}

/** What this capture cannot show. */
export function blindSpots(verdict: Verdict): Remark[] {
  return CHECKS.map((check) => check(verdict)).filter((remark) => remark !== undefined);
}

function times(problem: ReadProblem): string {
  return `${problem.count}×, first in line ${problem.firstLine}`;
}

/** What is wrong with the capture. */
export function captureWarnings({ summary }: Verdict): Remark[] {
  const warnings: Remark[] = [];
  const { binary, unreadable, longLines, backwards } = summary;
  if (binary)
    warnings.push({ code: 'VIRQ-T205', text: `This is ${binary.name}, not a text capture: ${binary.advice}.` });
  else if (summary.events === 0) warnings.push({ code: 'VIRQ-T206', text: 'No event line found.' });
  for (const [event, problem] of summary.badText)
    warnings.push({ code: 'VIRQ-T201', text: `${event}: text not understood (${times(problem)}).` });
  if (unreadable.count > 0) warnings.push({ code: 'VIRQ-T202', text: `Unreadable lines: ${times(unreadable)}.` });
  if (longLines.count > 0)
    warnings.push({ code: 'VIRQ-T203', text: `Lines over 64 KiB skipped: ${times(longLines)}.` });
  if (summary.cutOff) warnings.push({ code: 'VIRQ-T204', text: `The last line (${summary.lines}) is cut off.` });
  if (backwards.count > 0) warnings.push({ code: 'VIRQ-T207', text: `Timestamps go backwards: ${times(backwards)}.` });
  return warnings;
}
