// Drives the x86 model with the inputs of a capture and compares every recorded kernel event with the model's.

import type { CaptureReplayer, CaptureShape, RecordedEvent } from '@virq/irq-core/machine';
import { createRecord, type ReplayRecord } from './record.ts';
import { recordedText } from './recorded-text.ts';
import type { Emitted, ReplayTarget } from './target.ts';
import { createThreads, giveUp, owe, settle, type Thread } from './threads.ts';

const IOAPIC = 2;
/** How long before an injection another CPU may have made a higher vector pending without the CPU having seen it, ns. */
const RACE_NS = 200_000;

interface Replay {
  readonly target: ReplayTarget;
  readonly record: ReplayRecord;
  readonly shape: CaptureShape;
  readonly thread: (pid: number) => Thread;
  /** Time of the last accept per vCPU and vector, -1 if none: index vcpu × 256 + vector. */
  readonly acceptedAt: Float64Array;
  /** Accepts minus EOIs per vCPU and vector. */
  readonly outstanding: Int32Array;
}

type Handler = (r: Replay, t: Thread, e: RecordedEvent) => void;

const seen = (r: Replay, name: string): boolean => (r.shape.counts.get(name) ?? 0) > 0;
const isVcpu = (r: Replay, vcpu: number): boolean => vcpu >= 0 && vcpu < r.target.vcpus;
const wasAccepted = (r: Replay, vcpu: number, vector: number): boolean =>
  (r.acceptedAt[vcpu * 256 + vector] as number) >= 0;

function noteAccept(r: Replay, e: RecordedEvent): void {
  if (!isVcpu(r, e.apicid)) return;
  const at = e.apicid * 256 + e.vector;
  r.acceptedAt[at] = e.time;
  r.outstanding[at] = (r.outstanding[at] as number) + 1;
}

/** Feeds an input and notes what the capture owes from here on. The input's own echo, if the model emits one, is compared at once. */
function feed(r: Replay, t: Thread, e: RecordedEvent, emitted: readonly Emitted[]): void {
  r.record.input(e);
  owe(t, e, emitted, (name) => seen(r, name));
}

const setIrq: Handler = (r, t, e) => {
  closeOpen(r, t);
  r.record.input(e);
  t.open = { line: e.line, text: recordedText(e), gsi: e.gsi, level: e.level, source: e.source };
  t.accepts = [];
  if (e.source === 1 && e.level === 0) return lowered(r, t, e);
  if (e.source === 1 && r.target.learnResampler(e.gsi))
    r.record.learned(`GSI ${e.gsi} has a resampling irqfd (source 1)`);
};

/** Source 1 goes down outside an EOI: the last resampling irqfd of the GSI was removed. */
function lowered(r: Replay, t: Thread, e: RecordedEvent): void {
  const emitted = r.target.dropResampler(e.gsi);
  if (emitted.length === 0) return;
  r.record.learned(`the resampling irqfd of GSI ${e.gsi} was removed (line ${e.line})`);
  t.open = null;
  owe(t, e, emitted, (name) => seen(r, name));
  settle(t, e, r.record);
}

/** Whatever kvm_set_irq was open is over; accepts behind its last chip were caused by something else. */
function closeOpen(r: Replay, t: Thread): void {
  t.open = null;
  for (const a of t.accepts) if (isVcpu(r, a.apicid)) r.target.accept(a);
  t.accepts = [];
}

/** A chip reports: everything the model does on this pin must be what this thread has shown since kvm_set_irq. */
const chipSetIrq: Handler = (r, t, e) => {
  const chip = e.name === 'kvm_ioapic_set_irq' ? IOAPIC : e.chip;
  const what = chip === IOAPIC ? r.target.learnRedirection(e) : r.target.learnPicPin(e);
  if (what !== '') r.record.learned(what);
  if (t.open === null) return r.record.unjudged(`${e.name} without kvm_set_irq (restored by KVM_SET_IRQCHIP)`);
  if (chip === IOAPIC && e.logical === 1 && t.open.level === 1 && !seen(r, 'kvm_apic')) {
    r.target.learnLogical(
      e.dst,
      t.accepts.map((a) => a.apicid),
    );
    r.record.unjudged('receivers of a logical destination: the capture does not show the LDR writes');
  }
  const pin = chip === 1 && e.pin < 8 ? e.pin + 8 : e.pin;
  if (r.target.learnRoute(t.open.gsi, chip, e.pin))
    r.record.learned(`GSI ${t.open.gsi} → ${chipName(chip)} pin ${e.pin}`);
  const model = r.target.setPin(chip, pin, t.open.source, t.open.level).filter((x) => seen(r, x.name));
  compareAll(r, t, e, model);
  t.accepts = [];
};

/** The owed chip event differs only because the entry was rewritten meanwhile: take the entry over and expect the event as it is. */
function relearnOwed(r: Replay, t: Thread, e: RecordedEvent): void {
  const at = t.expected.findIndex((x) => x.text.startsWith(`kvm_ioapic_set_irq: pin ${e.pin} `));
  const text = recordedText(e);
  if (at < 0 || t.expected.some((x) => x.text === text)) return;
  const what = r.target.learnRedirection(e);
  if (what === '') return;
  r.record.learned(what);
  t.expected[at] = { name: e.name, text };
}

const chipName = (chip: number): string => ['PIC master', 'PIC slave', 'IOAPIC'][chip] ?? `irqchip ${chip}`;

function compareAll(r: Replay, t: Thread, e: RecordedEvent, model: readonly Emitted[]): void {
  const kernel = [...t.accepts.map((a) => a.text), recordedText(e)];
  const cause = `line ${t.open?.line}: ${t.open?.text}`;
  const rest = model.map((x) => x.text);
  for (const text of kernel) {
    const at = rest.indexOf(text);
    if (at >= 0) {
      rest.splice(at, 1);
      r.record.agreed(text.slice(0, text.indexOf(':')));
    } else {
      const name = text.slice(0, text.indexOf(':'));
      const like = rest.findIndex((x) => x.startsWith(`${name}:`));
      r.record.differs({
        line: e.line,
        kernel: text,
        model: like < 0 ? null : (rest.splice(like, 1)[0] as string),
        cause,
      });
    }
  }
  for (const text of rest) r.record.differs({ line: e.line, kernel: null, model: text, cause });
}

const msi: Handler = (r, t, e) => {
  if (t.open !== null && t.open.level === 0) return r.record.unjudged('kvm_msi_set_irq with level 0');
  closeOpen(r, t);
  if (e.logical === 1 && !seen(r, 'kvm_apic')) {
    t.adopting = true;
    return r.record.unjudged('receivers of a logical destination: the capture does not show the LDR writes');
  }
  feed(r, t, e, r.target.msi(e));
  settle(t, e, r.record);
};

const accept: Handler = (r, t, e) => {
  if (t.open !== null) {
    const { apicid, vector, deliveryMode, trigger } = e;
    t.accepts.push({ text: recordedText(e), apicid, vector, deliveryMode, trigger });
    r.record.input(e);
    return noteAccept(r, e);
  }
  noteAccept(r, e);
  if (!isVcpu(r, e.apicid)) return r.record.unjudged('kvm_apic_accept_irq of an unknown vCPU');
  const pin = e.trigger === 1 && !t.adopting ? r.target.pinWaitingFor(e.vector) : -1;
  if (pin >= 0) {
    r.record.learned(`IOAPIC pin ${pin} was unmasked while its line was up (line ${e.line})`);
    feed(r, t, e, r.target.unmask(pin));
    settle(t, e, r.record);
    return;
  }
  r.record.input(e);
  r.target.accept(e);
};

const eoi: Handler = (r, t, e) => {
  closeOpen(r, t);
  if (!isVcpu(r, e.apicid)) return r.record.unjudged('kvm_eoi of an unknown vCPU');
  if (e.vector >= 0) prepareEoi(r, e);
  t.eoi = { vcpu: e.apicid, vector: e.vector };
  feed(r, t, e, r.target.eoi(e.apicid));
  if (!settle(t, e, r.record)) differsFromHead(r, t, e);
};

function differsFromHead(r: Replay, t: Thread, e: RecordedEvent): void {
  const head = t.expected.findIndex((x) => x.name === e.name);
  const model = head < 0 ? null : (t.expected.splice(head, 1)[0] as Emitted).text;
  r.record.differs({ line: e.line, kernel: recordedText(e), model, cause: `line ${e.line}: ${recordedText(e)}` });
}

/** Brings the vector into service where the capture cannot show how it got there. */
function prepareEoi(r: Replay, e: RecordedEvent): void {
  const at = e.apicid * 256 + e.vector;
  const outstanding = r.outstanding[at] as number;
  r.outstanding[at] = Math.max(0, outstanding - 1);
  if (r.target.highestInService(e.apicid) === e.vector) return;
  const pending = r.target.isPending(e.apicid, e.vector);
  if (pending && !seen(r, 'kvm_inj_virq')) return r.target.acknowledge(e.apicid, e.vector);
  if (!pending && !seen(r, 'kvm_inj_virq') && outstanding > 0) {
    r.record.unjudged('when the vCPU took a vector that arrived again: the capture has no kvm_inj_virq');
    return r.target.learnInService(e.apicid, e.vector);
  }
  if (!pending && !wasAccepted(r, e.apicid, e.vector)) {
    r.record.learned(`vector ${e.vector} was in service on vCPU ${e.apicid} when the capture began`);
    r.target.learnInService(e.apicid, e.vector);
  }
}

const inject: Handler = (r, t, e) => {
  closeOpen(r, t);
  if (e.soft === 1 || e.reinjected === 1) return;
  const vcpu = r.target.vcpus === 1 ? 0 : (r.shape.vcpuOfThread.get(e.pid) ?? -1);
  if (vcpu < 0) return r.record.unjudged('kvm_inj_virq of a thread whose vCPU the capture does not show');
  r.record.input(e);
  const next = r.target.deliverable(vcpu);
  if (next === e.vector || overtaken(r, vcpu, next, e)) {
    r.record.agreed(e.name);
    return r.target.acknowledge(vcpu, e.vector);
  }
  if (!wasAccepted(r, vcpu, e.vector)) {
    r.record.learned(`vector ${e.vector} was pending on vCPU ${vcpu} when the capture began`);
    return r.target.learnInService(vcpu, e.vector);
  }
  const model = next < 0 ? null : `kvm_inj_virq: IRQ 0x${next.toString(16)}`;
  r.record.differs({
    line: e.line,
    kernel: recordedText(e),
    model,
    cause: `line ${e.line}: vCPU ${vcpu} enters the guest`,
  });
};

/** The vector is pending and the higher one came so shortly before that the CPU had already chosen. */
function overtaken(r: Replay, vcpu: number, next: number, e: RecordedEvent): boolean {
  if (next < 0 || !r.target.isPending(vcpu, e.vector)) return false;
  return e.time - (r.acceptedAt[vcpu * 256 + next] as number) < RACE_NS;
}

const PIC_PORTS: ReadonlySet<number> = new Set([0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1]);

const port: Handler = (r, t, e) => {
  if (!PIC_PORTS.has(e.address) || e.size !== 1 || e.count !== 1) return;
  closeOpen(r, t);
  if (e.write === 0) return readPort(r, e);
  if (
    !seen(r, 'kvm_inj_virq') &&
    (e.address & 0x7f) === 0x20 &&
    (e.valueLow & 0x38) === 0x20 &&
    r.target.picAwaitsInta()
  )
    r.target.acknowledgePic();
  feed(r, t, e, r.target.portWrite(e.address, e.valueLow));
};

function readPort(r: Replay, e: RecordedEvent): void {
  const value = r.target.portRead(e.address);
  if (value === e.valueLow) return r.record.agreed(e.name);
  const show = (v: number): string =>
    `kvm_pio: pio_read at 0x${e.address.toString(16)} size 1 count 1 val 0x${v.toString(16)}`;
  r.record.differs({
    line: e.line,
    kernel: show(e.valueLow),
    model: show(value),
    cause: `line ${e.line}: guest reads the port`,
  });
}

const mmio: Handler = (r, t, e) => {
  if (e.write !== 1 || e.address < 0xfec00000 || e.address >= 0xfec00100) return;
  closeOpen(r, t);
  feed(r, t, e, r.target.mmioWrite(e.address, e.size, e.valueLow));
};

const APIC_INPUTS: ReadonlySet<string> = new Set([
  'TASKPRI',
  'LDR',
  'DFR',
  'SPIV',
  'LVTT',
  'LVT0',
  'LVT1',
  'LVTERR',
  'LVTPC',
  'LVTTHMR',
]);

const apic: Handler = (r, t, e) => {
  const vcpu = r.target.vcpus === 1 ? 0 : (r.shape.vcpuOfThread.get(e.pid) ?? -1);
  if (e.write !== 1 || vcpu < 0 || !APIC_INPUTS.has(e.register)) return;
  closeOpen(r, t);
  feed(r, t, e, r.target.apicWrite(vcpu, e.register, e.valueLow));
};

const ipi: Handler = (r, t, e) => {
  closeOpen(r, t);
  const sender = r.target.vcpus === 1 ? 0 : (r.shape.vcpuOfThread.get(e.pid) ?? -1);
  if (sender < 0) return r.record.unjudged('kvm_apic_ipi of a thread whose vCPU the capture does not show');
  feed(
    r,
    t,
    e,
    r.target.ipi(sender, e).filter((x) => x.name !== 'kvm_apic_ipi'),
  );
};

/** An acknowledgement that the model did not make: explained only where the capture hides a write that would. */
const acknowledged: Handler = (r, t, e) => {
  if (e.chip !== IOAPIC && !seen(r, 'kvm_pio')) {
    r.record.unjudged('EOI of the PIC: the capture does not show port writes');
    return consume(r, t, e, r.target.eoiPic(e.chip === 1 && e.pin < 8 ? e.pin + 8 : e.pin));
  }
  const same = t.eoi !== null && r.target.vectorOf(e.pin) === t.eoi.vector;
  if (e.chip === IOAPIC && t.eoi !== null && (same || !r.shape.steadyPins.has(e.pin))) {
    const why = same
      ? `vector ${t.eoi.vector} was in the EOI bitmap of vCPU ${t.eoi.vcpu}`
      : `IOAPIC pin ${e.pin} was reprogrammed outside the capture`;
    r.record.learned(why);
    return consume(r, t, e, r.target.eoiPin(t.eoi.vcpu, e.pin, t.eoi.vector));
  }
  return unexplained(r, t, e);
};

/** Owes what an input made the model do, of which `e` itself is the first. */
function consume(r: Replay, t: Thread, e: RecordedEvent, emitted: readonly Emitted[]): void {
  feed(r, t, e, emitted);
  settle(t, e, r.record);
}

const unexplained: Handler = (r, t, e) => {
  closeOpen(r, t);
  r.record.differs({ line: e.line, kernel: recordedText(e), model: null, cause: `line ${t.causeLine}: ${t.cause}` });
};

/** What each tracepoint means to the replay when it is not the owed effect of an earlier input. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  kvm_set_irq: setIrq,
  kvm_ioapic_set_irq: chipSetIrq,
  kvm_pic_set_irq: chipSetIrq,
  kvm_msi_set_irq: msi,
  kvm_apic_accept_irq: accept,
  kvm_eoi: eoi,
  kvm_ack_irq: acknowledged,
  kvm_inj_virq: inject,
  kvm_pio: port,
  kvm_mmio: mmio,
  kvm_apic: apic,
  kvm_apic_ipi: ipi,
};

/** Events that never are effects, or whose effects do not end when they appear. */
const TRANSPARENT: ReadonlySet<string> = new Set(['kvm_pio', 'kvm_mmio', 'kvm_apic']);

/** Replays a capture on a target. Feed the events of the whole capture in order. */
export function createX86Replayer(target: ReplayTarget, shape: CaptureShape): CaptureReplayer {
  const record = createRecord();
  const acceptedAt = new Float64Array(target.vcpus * 256).fill(-1);
  const outstanding = new Int32Array(target.vcpus * 256);
  const r: Replay = { target, record, shape, thread: createThreads(), acceptedAt, outstanding };
  let last = 0;
  return {
    event(e) {
      const handler = HANDLERS[e.name];
      if (handler === undefined) return;
      last = e.line;
      const t = r.thread(e.pid);
      record.hostDriven = shape.vcpuOfThread.get(e.pid) === -1;
      if (e.name === 'kvm_ioapic_set_irq') relearnOwed(r, t, e);
      if (settle(t, e, record)) {
        if (e.name === 'kvm_apic_accept_irq') noteAccept(r, e);
        return;
      }
      const isAck = e.name === 'kvm_ack_irq';
      if (!isAck && t.expected.length > 0 && !TRANSPARENT.has(e.name))
        giveUp(t, e.line, record, (pin) => shape.steadyPins.has(pin));
      if (e.name !== 'kvm_apic_accept_irq') t.adopting = false;
      const owed = isAck ? t.expected : [];
      handler(r, t, e);
      t.expected.push(...owed.filter((x) => !t.expected.includes(x)));
      if (!isAck && e.name !== 'kvm_eoi') t.eoi = null;
    },
    end() {
      if (last === 0) record.unjudged('the capture has no event that the x86 model knows');
      return record.report();
    },
  };
}
