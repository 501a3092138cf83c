import { describe, expect, it } from 'vitest';
import { createTraceAnalyzer, type TraceAnalyzerOptions } from '../analyze-trace.ts';
import { encodeText } from '../lines/text.ts';
import type { TraceReport } from '../report/trace-report.ts';

/** A small ftrace capture under construction; every line is 10 µs after the one before unless told otherwise. */
function capture() {
  let micros = 1_000_000;
  const lines: string[] = [];
  const add = (task: string, text: string, after = 10): void => {
    micros += after;
    lines.push(`${task} [000] .....  ${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}: ${text}`);
  };
  return {
    kworker: (text: string, after?: number) => add('kworker/0:1-77 ', text, after),
    vcpu: (text: string, after?: number) => add('CPU 0/KVM-100 ', text, after),
    task: add,
    host: (text: string, after?: number) => add('<idle>-0 ', text, after),
    raise(gsi = 11, route = 'Fixed|physical|level', vector = 44) {
      this.kworker(`kvm_set_irq: gsi ${gsi} level 1 source 1`);
      if (!route.includes('masked'))
        this.kworker(
          `kvm_apic_accept_irq: apicid 0 vec ${vector} (Fixed|${route.includes('edge') ? 'edge' : 'level'})`,
        );
      this.kworker(`kvm_ioapic_set_irq: pin ${gsi} dst 0 vec ${vector} (${route})`);
    },
    inject: (vector = 44) => add('CPU 0/KVM-100 ', `kvm_inj_virq: IRQ 0x${vector.toString(16)}`),
    eoi: (vector = 44) => add('CPU 0/KVM-100 ', `kvm_eoi: apicid 0 vector ${vector}`),
    ack(gsi = 11) {
      this.vcpu(`kvm_ack_irq: irqchip IOAPIC pin ${gsi}`, 1);
      this.vcpu(`kvm_set_irq: gsi ${gsi} level 0 source 1`, 1);
      this.vcpu(`kvm_ioapic_set_irq: pin ${gsi} dst 0 vec 44 (Fixed|physical|level)`, 1);
    },
    cycle(gsi = 11) {
      this.raise(gsi);
      this.inject();
      this.eoi();
      this.ack(gsi);
    },
    analyse(options?: TraceAnalyzerOptions): TraceReport {
      const analyzer = createTraceAnalyzer(options);
      analyzer.push(encodeText(`${lines.join('\n')}\n`));
      return analyzer.end();
    },
  };
}

const IDLE = 400_000;

function kinds(report: TraceReport): string[] {
  return report.findings.map(({ kind, severity, subject }) => `${severity} ${kind} ${subject}`);
}

describe('healthy', () => {
  it('a full level cycle counts once in every column and finds nothing', () => {
    const c = capture();
    c.cycle();
    c.cycle();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.exitCode).toBe(0);
    expect(report.rows[0]).toMatchObject({
      label: 'GSI 11',
      raised: 2,
      accepted: 2,
      injected: 2,
      acknowledged: 2,
      resampled: 2,
      pin: 11,
      vector: 44,
      toInject: { count: 2, min: 30000, max: 30000 },
      toAcknowledge: { min: 40000 },
      toResample: { min: 42000 },
    });
  });

  it('a plain irqfd on an edge-triggered pin is lowered at once and is not lost', () => {
    const c = capture();
    c.kworker('kvm_set_irq: gsi 5 level 1 source 0');
    c.kworker('kvm_pic_set_irq: chip 0 pin 5 (edge)');
    c.kworker('kvm_set_irq: gsi 5 level 0 source 0');
    c.kworker('kvm_pic_set_irq: chip 0 pin 5 (edge)');
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual([]);
  });

  it('a pulse on a level-triggered PIC pin that the guest did acknowledge is not lost', () => {
    const c = capture();
    c.kworker('kvm_set_irq: gsi 5 level 1 source 0');
    c.kworker('kvm_pic_set_irq: chip 0 pin 5 (level)');
    c.vcpu('kvm_inj_virq: IRQ 0x25', 1);
    c.kworker('kvm_set_irq: gsi 5 level 0 source 0', 1);
    c.vcpu('kvm_ack_irq: irqchip PIC master pin 5');
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual([]);
  });

  it('a device model that withdraws its level is not lost', () => {
    const c = capture();
    c.vcpu('kvm_set_irq: gsi 5 level 1 source 0');
    c.vcpu('kvm_pic_set_irq: chip 0 pin 5 (level)');
    c.vcpu('kvm_set_irq: gsi 5 level 0 source 0', 500);
    expect(kinds(c.analyse())).toEqual([]);
  });

  it('a split irqchip has no IOAPIC lines: accepts after kvm_set_irq are still the GSI’s', () => {
    const c = capture();
    c.kworker('kvm_set_irq: gsi 24 level 1 source 0');
    c.kworker('kvm_msi_set_irq: dst 0 vec 50 (Fixed|physical|edge)');
    c.kworker('kvm_apic_accept_irq: apicid 0 vec 50 (Fixed|edge)');
    c.kworker('kvm_set_irq: gsi 24 level 0 source 0');
    c.inject(50);
    c.eoi(50);
    const report = c.analyse();
    expect(report.rows).toHaveLength(1);
    expect(report.rows[0]).toMatchObject({ label: 'GSI 24', raised: 1, accepted: 1, injected: 1, acknowledged: 1 });
  });

  it('a capture may begin in the middle of a cycle', () => {
    const c = capture();
    c.inject();
    c.eoi();
    c.ack();
    c.cycle();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.rows.find(({ gsi }) => gsi === 11)).toMatchObject({ raised: 1, acknowledged: 2, resampled: 2 });
  });

  it('a resampler removed while asserted is released, not stuck', () => {
    const c = capture();
    c.raise();
    c.kworker('kvm_set_irq: gsi 11 level 0 source 1');
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.rows[0]).toMatchObject({ released: 1, resampled: 0 });
  });

  it('accelerated EOIs leave no kvm_eoi: nothing is claimed about them', () => {
    const c = capture();
    for (let i = 0; i < 5; i++) {
      c.task('vhost-9-10 ', 'kvm_msi_set_irq: dst 0 vec 50 (Fixed|physical|edge)');
      c.task('vhost-9-10 ', 'kvm_apicv_accept_irq: apicid 0 vec 50 (Fixed|edge)');
    }
    c.vcpu('kvm_exit: vcpu 0 reason HLT rip 0x0 info1 0x0', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.blindSpots.map(({ text }) => text).join()).toContain('whether the guest acknowledged does not show');
  });
});

describe('unanswered raises', () => {
  it('stuck: raised, nothing after', () => {
    const c = capture();
    c.cycle();
    c.host('irq_handler_entry: irq=21 name=vfio-intx(0000:00:05.0)');
    c.raise();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual(['error stuck GSI 11']);
    expect(report.findings[0]?.reason).toContain('vfio-intx(0000:00:05.0)');
  });

  it('a raise just before the end is open, not stuck', () => {
    const c = capture();
    c.cycle();
    c.raise();
    c.vcpu('kvm_eoi: apicid 0 vector -1', 50);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.blindSpots.map(({ code }) => code)).toContain('VIRQ-T105');
    expect(kinds(c.analyse({ graceMs: 0.01 }))).toEqual(['error stuck GSI 11']);
  });

  it('missing-eoi: injected, never EOIed', () => {
    const c = capture();
    c.cycle();
    c.raise();
    c.inject();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual(['error missing-eoi GSI 11']);
  });

  it('missing-ack: EOI without kvm_ack_irq, whether or not others are acknowledged', () => {
    const c = capture();
    c.cycle();
    c.raise();
    c.inject();
    c.eoi();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual(['error missing-ack GSI 11']);
    const alone = capture();
    alone.raise();
    alone.inject();
    alone.eoi();
    alone.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(alone.analyse())).toEqual(['error missing-ack GSI 11']);
  });

  it('one-then-silence: served as edge, so never resampled', () => {
    const c = capture();
    c.host('irq_handler_entry: irq=21 name=vfio-intx(0000:00:05.0)');
    c.raise(11, 'Fixed|physical|edge');
    c.inject();
    c.eoi();
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual(['error one-then-silence GSI 11']);
  });

  it('one-then-silence: VFIO INTx through an irqfd without resamplefd', () => {
    const c = capture();
    c.host('irq_handler_entry: irq=21 name=vfio-intx(0000:00:05.0)');
    c.kworker('kvm_set_irq: gsi 11 level 1 source 0');
    c.kworker('kvm_apic_accept_irq: apicid 0 vec 44 (Fixed|level)');
    c.kworker('kvm_ioapic_set_irq: pin 11 dst 0 vec 44 (Fixed|physical|level)');
    c.kworker('kvm_set_irq: gsi 11 level 0 source 0');
    c.inject();
    c.eoi();
    c.vcpu('kvm_ack_irq: irqchip IOAPIC pin 11', 1);
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    expect(kinds(c.analyse())).toEqual(['error one-then-silence GSI 11']);
  });

  it('masked: waiting for the guest to unmask is a note', () => {
    const c = capture();
    c.raise(11, 'Fixed|physical|level|masked');
    c.vcpu('kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual(['note masked GSI 11']);
    expect(report.exitCode).toBe(0);
  });

  it('arm64: raised by a VFIO handler in atomic context, no kvm_ack_irq', () => {
    const c = capture();
    c.host('irq_handler_entry: irq=23 name=vfio-intx(0000:00:05.0)');
    c.host('vgic_update_irq_pending: VCPU: 0, IRQ 38, level: 1');
    c.host('irq_handler_exit: irq=23 ret=handled');
    c.vcpu('kvm_entry: PC: 0x0000000040001000', IDLE);
    c.vcpu('kvm_ack_irq: irqchip 0 pin 3');
    expect(kinds(c.analyse())).toEqual(['error stuck GSI 6']);
  });
});

describe('patterns over time', () => {
  it('storm: every resample is followed by a raise at once', () => {
    const c = capture();
    for (let i = 0; i < 150; i++) c.cycle();
    expect(kinds(c.analyse())).toEqual(['warning storm GSI 11']);
    expect(kinds(c.analyse({ stormCycles: 200 }))).toEqual([]);
    expect(kinds(c.analyse({ stormGapUs: 5 }))).toEqual([]);
  });

  it('storm: KVM’s own detector', () => {
    const c = capture();
    c.cycle();
    c.vcpu('kvm_ioapic_delayed_eoi_inj: dst 0 vec 44 (Fixed|physical|level)');
    const report = c.analyse();
    expect(kinds(report)).toEqual(['warning storm GSI 11']);
    expect(report.findings[0]?.reason).toContain('10000');
  });

  it('missing-eoi of an edge vector that is raised again and again', () => {
    const c = capture();
    c.eoi(30);
    for (let i = 0; i < 3; i++) {
      c.host('kvm_msi_set_irq: dst 0 vec 50 (Fixed|physical|edge)');
      c.host('kvm_apic_accept_irq: apicid 0 vec 50 (Fixed|edge)');
      if (i === 0) c.inject(50);
    }
    c.eoi(30);
    expect(kinds(c.analyse())).toEqual([]);
    c.vcpu('kvm_eoi: apicid 0 vector 30', 2_000_000);
    expect(kinds(c.analyse())).toEqual(['warning missing-eoi MSI dst 0 vec 50']);
  });

  it('lost is counted per raise and reported once', () => {
    const c = capture();
    for (let i = 0; i < 4; i++) {
      c.kworker('kvm_set_irq: gsi 5 level 1 source 0');
      c.kworker('kvm_pic_set_irq: chip 0 pin 5 (level)');
      c.kworker('kvm_set_irq: gsi 5 level 0 source 0');
      c.kworker('kvm_pic_set_irq: chip 0 pin 5 (level)');
    }
    const report = c.analyse();
    expect(kinds(report)).toEqual(['error lost GSI 5']);
    expect(report.findings[0]?.count).toBe(4);
  });

  it('unclaimed: a host line that no handler claims', () => {
    const c = capture();
    for (let i = 0; i < 1000; i++) {
      c.host('irq_handler_entry: irq=16 name=ehci_hcd:usb1');
      c.host('irq_handler_exit: irq=16 ret=unhandled');
    }
    expect(kinds(c.analyse())).toEqual(['warning unclaimed host irq 16']);
  });
});

describe('several guests', () => {
  const perf = (lines: readonly string[]): TraceReport => {
    const analyzer = createTraceAnalyzer();
    analyzer.push(
      encodeText(lines.map((line, i) => line.replace('@', `[000] 10.${String(i * 10).padStart(6, '0')}:`)).join('\n')),
    );
    analyzer.push(encodeText('\n qemu 1/1 [000] 11.000000: kvm:kvm_eoi: apicid 0 vector -1\n'));
    return analyzer.end();
  };

  it('perf’s pid/tid keeps them apart', () => {
    const report = perf([
      ' qemu 1/2 @ kvm:kvm_set_irq: gsi 4 level 1 source 0',
      ' qemu 5/6 @ kvm:kvm_set_irq: gsi 4 level 1 source 0',
      ' qemu 5/6 @ kvm:kvm_set_irq: gsi 4 level 0 source 0',
    ]);
    expect(report.guests.map(({ tgid }) => tgid)).toEqual([1, 5]);
    expect(report.rows.map(({ guest, raised, lowered }) => [guest, raised, lowered])).toEqual([
      [0, 1, 0],
      [1, 1, 1],
    ]);
  });

  it('a kworker’s raise that may be anybody’s is not judged', () => {
    const report = perf([
      ' qemu 1/2 @ kvm:kvm_eoi: apicid 0 vector -1',
      ' qemu 5/6 @ kvm:kvm_eoi: apicid 0 vector -1',
      ' kworker/0:1 77/77 @ kvm:kvm_set_irq: gsi 11 level 1 source 1',
    ]);
    expect(report.findings).toEqual([]);
    expect(report.blindSpots.map(({ code }) => code)).toContain('VIRQ-T104');
  });

  it('without process ids, two threads that serve one APIC id in turn give it away', () => {
    const c = capture();
    c.raise();
    for (const pid of [100, 200, 100, 200]) c.task(`CPU 0/KVM-${pid} `, 'kvm_eoi: apicid 0 vector -1', IDLE);
    const report = c.analyse();
    expect(kinds(report)).toEqual([]);
    expect(report.blindSpots.map(({ code }) => code)).toContain('VIRQ-T104');
  });
});
