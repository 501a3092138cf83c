// From a row's history to findings. Each rule looks at one pattern; the order is that of FINDING_KINDS.
import { duration, rowLabel } from '../report/labels.ts';
import type { Finding, FindingKind, Severity } from '../report/trace-report.ts';
import type { Anomaly, InterruptRow } from '../rows/interrupt-row.ts';
import { TRACE_CODES, type TraceCode } from './codes.ts';
import { type QuotedLine, quote } from './evidence.ts';
import { isAttributed, isOverdue, recorded, type Verdict } from './verdict.ts';

type Rule = (row: InterruptRow, verdict: Verdict) => Finding | undefined;

const CODE_OF: Readonly<Record<FindingKind, TraceCode>> = {
  lost: 'VIRQ-T001',
  stuck: 'VIRQ-T002',
  storm: 'VIRQ-T003',
  'one-then-silence': 'VIRQ-T004',
  'missing-eoi': 'VIRQ-T005',
  'missing-ack': 'VIRQ-T006',
  masked: 'VIRQ-T007',
  coalesced: 'VIRQ-T008',
  undelivered: 'VIRQ-T009',
  unclaimed: 'VIRQ-T010',
};

/** Parts of a finding that differ between rules. */
export interface FindingParts {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly count: number;
  readonly reason: string;
  readonly evidence: readonly QuotedLine[];
  readonly advice?: string;
}

/** Builds a finding; the advice is the code's remedy unless given. */
export function finding(subject: string, guest: number, parts: FindingParts): Finding {
  const code = CODE_OF[parts.kind];
  return { code, ...parts, subject, guest, advice: parts.advice ?? TRACE_CODES[code].remedy };
}

function of(row: InterruptRow, parts: FindingParts): Finding {
  return finding(rowLabel(row), row.vm, parts);
}

const lost: Rule = (row, verdict) => {
  const { count, delay, lines } = row.lost;
  if (count === 0) return undefined;
  const served = recorded(verdict, 'kvm_ack_irq', 'kvm_inj_virq')
    ? 'no kvm_ack_irq or kvm_inj_virq in between or after'
    : 'nothing in the capture shows the guest acknowledging it';
  return of(row, {
    kind: 'lost',
    severity: 'error',
    count,
    reason: `An irqfd without RESAMPLE on a level-triggered PIC pin: level 1 source 0, then level 0 source 0 ${duration(delay, verdict.summary.unit === 'ticks')} later from the same kworker, before anybody acknowledged; ${served}. The pin forgets the request with the level.`,
    evidence: lines,
    advice: `${TRACE_CODES['VIRQ-T001'].remedy} KVM_IRQFD_FLAG_RESAMPLE is bit 1 of kvm_irqfd.flags.`,
  });
};

/** The raise that is still unanswered at the end: how far did it get? */
const unanswered: Rule = (row, verdict) => {
  if (!row.resampling || (row.asserted & 2) === 0 || !isOverdue(verdict, row) || !isAttributed(verdict, row))
    return undefined;
  const age = duration(verdict.end - row.raiseTime, verdict.summary.unit === 'ticks');
  const evidence = quote(row.raiseLine, row.chipLine, row.serveLine);
  const origin = row.hostHandler === '' ? 'its device' : `${row.hostHandler} (host irq ${row.hostIrq})`;
  const parts = describeUnanswered(row, verdict);
  return of(row, {
    ...parts,
    count: 1,
    evidence,
    reason: `Raised ${age} before the end of the capture; ${parts.reason} ${origin} stays masked until the resamplefd fires.`,
  });
};

function describeUnanswered(row: InterruptRow, verdict: Verdict): Pick<FindingParts, 'kind' | 'severity' | 'reason'> {
  if (row.maskedEverywhere === 1)
    return { kind: 'masked', severity: 'note', reason: 'every pin it is routed to was masked, and no unmask shows.' };
  if (row.acknowledgedSinceRaise && row.trigger === 0) {
    return {
      kind: 'one-then-silence',
      severity: 'error',
      reason: 'the guest served it as an edge-triggered interrupt, and no level EOI resampled it.',
    };
  }
  if (row.acknowledgedSinceRaise)
    return {
      kind: 'missing-ack',
      severity: 'error',
      reason: 'the guest signalled EOI, but neither kvm_ack_irq nor a level 0 from the resampler followed.',
    };
  const eoiRecorded = recorded(verdict, 'kvm_eoi', 'kvm_pv_eoi', 'kvm_ack_irq');
  if (row.injectedSinceRaise && row.kind === 'gsi' && eoiRecorded && row.vector >= 0) {
    return { kind: 'missing-eoi', severity: 'error', reason: `vector ${row.vector} was injected and never EOIed.` };
  }
  const reached =
    row.accepted > 0 && row.latched
      ? 'the local APIC accepted it, but no injection or acknowledgement followed.'
      : 'no acknowledgement of its pin followed.';
  return { kind: 'stuck', severity: 'error', reason: reached };
}

/** An irqfd for a VFIO INTx delivered once and the device never came back. */
const silence: Rule = (row, verdict) => {
  if (!row.irqfd || row.resampling || row.raised !== 1 || !row.hostHandler.startsWith('vfio-intx')) return undefined;
  if (verdict.end - row.lastRaise <= 100_000_000 || row.lost.count > 0 || !isAttributed(verdict, row)) return undefined;
  const host = verdict.state.host.byName.get(row.hostHandler);
  if (!host || host.lastCall > row.lastRaise) return undefined;
  const reason = `Delivered once, ${duration(verdict.end - row.lastRaise)} before the end, by an irqfd without RESAMPLE: VFIO masked ${row.hostHandler} and nothing unmasks it.`;
  return of(row, {
    kind: 'one-then-silence',
    severity: 'error',
    count: 1,
    reason,
    evidence: quote(host.lastLine, row.raiseLine, row.chipLine, row.serveLine),
  });
};

const missingEoi: Rule = (row, _verdict) => {
  const { count, delay, lines } = row.missingEoi;
  if (count === 0) return undefined;
  const reason = `Vector ${row.vector} was injected ${duration(delay)} before its vCPU was last seen at work, raised again since, and never EOIed.`;
  return of(row, { kind: 'missing-eoi', severity: 'warning', count, reason, evidence: lines });
};

const missingAck: Rule = (row, verdict) => {
  const { count, lines } = row.missingAck;
  if (count === 0 || row.trigger !== 1 || !isAttributed(verdict, row) || !recorded(verdict, 'kvm_ack_irq'))
    return undefined;
  const gaps = verdict.summary.lostEvents > 0;
  const note = gaps ? ' Events were dropped: this may be an artefact.' : '';
  const reason = `${count} of ${row.acknowledged} EOIs of level-triggered vector ${row.vector} (IOAPIC pin ${row.pin}) were not followed by kvm_ack_irq in their vCPU.${note}`;
  return of(row, { kind: 'missing-ack', severity: gaps ? 'note' : 'error', count, reason, evidence: lines });
};

const storm: Rule = (row, verdict) => {
  const { count, delay, lines } = row.storm;
  if (count === 0) return undefined;
  const { stormCycles } = verdict.state.thresholds;
  const reason =
    verdict.state.delayedEoi > 0
      ? `KVM delays the re-delivery of vector ${row.vector} (kvm_ioapic_delayed_eoi_inj ×${verdict.state.delayedEoi}): it counted 10000 immediate ones.`
      : `${count + stormCycles - 1} cycles in a row raised again within ${duration(verdict.state.thresholds.stormGap)} of the resample (${duration(delay)} in the quoted one): the device never stopped asserting.`;
  return of(row, { kind: 'storm', severity: 'warning', count, reason, evidence: lines });
};

const undelivered: Rule = (row, verdict) =>
  note(row, row.undelivered, recorded(verdict, 'kvm_apic_accept_irq'), {
    kind: 'undelivered',
    reason:
      'Raised on an unmasked edge-triggered IOAPIC entry, and no local APIC accepted it: the destination matches no vCPU, or the pin was already high.',
  });

function note(
  row: InterruptRow,
  anomaly: Anomaly,
  applies: boolean,
  parts: Pick<FindingParts, 'kind' | 'reason'>,
): Finding | undefined {
  if (anomaly.count === 0 || !applies || row.irqfd === false) return undefined;
  return of(row, { ...parts, severity: 'note', count: anomaly.count, evidence: anomaly.lines });
}

const masked: Rule = (row) => {
  if (!row.irqfd || row.masked === 0 || row.masked < row.raised) return undefined;
  const reason = `All ${row.raised} raises found every pin masked.`;
  return of(row, {
    kind: 'masked',
    severity: 'note',
    count: row.masked,
    reason,
    evidence: quote(row.raiseLine, row.chipLine),
  });
};

const coalesced: Rule = (row) => {
  if (row.coalesced === 0) return undefined;
  const reason = `${row.coalesced} of ${row.raised} raises found the previous one still pending.`;
  return of(row, { kind: 'coalesced', severity: 'note', count: row.coalesced, reason, evidence: [] });
};

const RULES: readonly Rule[] = [
  lost,
  unanswered,
  silence,
  missingEoi,
  missingAck,
  storm,
  undelivered,
  masked,
  coalesced,
];

/** All findings about one row. An unanswered raise that is explained by a missing kvm_ack_irq is reported once. */
export function judgeRow(row: InterruptRow, verdict: Verdict): Finding[] {
  const found: Finding[] = [];
  for (const rule of RULES) {
    const result = rule(row, verdict);
    if (result && !found.some((other) => other.kind === result.kind)) found.push(result);
  }
  return found;
}
