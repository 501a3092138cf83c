// All findings of a capture: the rows', the vectors that were never EOIed, and the host's unclaimed interrupts.
import type { Finding } from '../report/trace-report.ts';
import { FINDING_KINDS } from '../report/trace-report.ts';
import type { Guest } from '../rows/guest.ts';
import { countAnomaly, type InterruptRow } from '../rows/interrupt-row.ts';
import { settleRaise } from '../rows/settle.ts';
import { quote } from './evidence.ts';
import { finding, judgeRow } from './judge-row.ts';
import { recorded, type Verdict } from './verdict.ts';

const SEVERITY_ORDER = ['error', 'warning', 'note'];
/** A vector in service this long while its guest went on working, and raised again meanwhile, was forgotten. */
const EOI_PATIENCE = 1_000_000_000;

/** The guests of a capture including the one that takes what cannot be attributed. */
export function allGuests(verdict: Verdict): Guest[] {
  return [...verdict.state.guests.list, verdict.state.guests.unattributed];
}

/** All rows of a guest, GSIs first, in numeric order. */
export function rowsOf(guest: Guest): InterruptRow[] {
  const gsis = [...guest.gsis.values()].sort((a, b) => a.id - b.id);
  const others = [...guest.others.values()].sort((a, b) => order(a) - order(b) || a.id - b.id || a.target - b.target);
  return [...gsis, ...others];
}

function order(row: InterruptRow): number {
  return ['gsi', 'msi', 'ppi', 'local'].indexOf(row.kind);
}

/** Findings in order of severity, then kind, then subject. */
export function judgeCapture(verdict: Verdict): Finding[] {
  const found: Finding[] = [];
  for (const guest of allGuests(verdict)) {
    noteForgottenVectors(guest, verdict);
    for (const row of rowsOf(guest)) {
      settleUnlessOpen(row);
      found.push(...judgeRow(row, verdict));
    }
  }
  found.push(...judgeHost(verdict));
  return found.sort((a, b) => rank(a) - rank(b));
}

/** The last raise is settled like every other, except that a masked pin may still be about to be unmasked. */
function settleUnlessOpen(row: InterruptRow): void {
  const mask = row.maskedEverywhere;
  settleRaise(row);
  if (row.open) row.maskedEverywhere = mask;
}

function rank(finding: Finding): number {
  return SEVERITY_ORDER.indexOf(finding.severity) * FINDING_KINDS.length + FINDING_KINDS.indexOf(finding.kind);
}

function noteForgottenVectors(guest: Guest, verdict: Verdict): void {
  if (verdict.state.guests.mixed || !recorded(verdict, 'kvm_eoi', 'kvm_pv_eoi')) return;
  for (const slot of guest.slots.values()) {
    const age = guest.lastActivity - slot.injectTime;
    if (!slot.row || !slot.pending || !slot.injected || slot.acceptedAgain === 0 || age <= EOI_PATIENCE) continue;
    const { row } = slot;
    countAnomaly(row.missingEoi, age, () => quote(row.raiseLine, row.chipLine));
  }
}

function judgeHost(verdict: Verdict): Finding[] {
  const found: Finding[] = [];
  for (const [irq, { worst, line }] of verdict.state.host.unclaimed) {
    if (worst < verdict.state.thresholds.unclaimed) continue;
    const handlers = [...verdict.state.host.byName.values()]
      .filter((entry) => entry.irq === irq)
      .map((entry) => entry.handler);
    const reason = `${worst} calls in a row returned unhandled (up to line ${line}); handlers: ${handlers.join(', ')}.`;
    found.push(
      finding(`host irq ${irq}`, -1, { kind: 'unclaimed', severity: 'warning', count: worst, reason, evidence: [] }),
    );
  }
  return found;
}
