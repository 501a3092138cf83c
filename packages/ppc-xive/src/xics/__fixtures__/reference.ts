// What XICS promises its guest, without queues and PQ bits: pending interrupts by priority, MFRR, CPPR. PAPR 14.11.3; the names of the laws are what tests report.

/** A message source. `at` is where its interrupt waits, null if none does; `second` that a further event was there when it was masked. */
export interface ReferenceSource {
  server: number;
  priority: number;
  masked: boolean;
  /** Events that the guest has not seen: more than one counts as one more, and while it is served as one. */
  events: number;
  active: boolean;
  at: { server: number; priority: number } | null;
  second: boolean;
}

const OPEN = 0xff;
const IPI = 2;

/** Priorities beyond 5 are 6 (KVM's queues). */
export const mapped = (priority: number): number => (priority === OPEN || priority < 6 ? priority : 6);

/** The reference. Methods that a guest's call answers return the law that the answer breaks, null if none. */
export class Reference {
  readonly cppr: number[];
  readonly mfrr: number[];
  readonly sources: ReferenceSource[];

  constructor(cpus: number, sources: number) {
    this.cppr = new Array(cpus).fill(OPEN);
    this.mfrr = new Array(cpus).fill(OPEN);
    this.sources = Array.from({ length: sources }, () => ({
      ...{ server: 0, priority: 5, masked: false, events: 0, active: false, at: null, second: false },
    }));
  }

  private send(s: ReferenceSource): void {
    if (s.events > 0 && !s.active && !s.masked && s.at === null) s.at = { server: s.server, priority: s.priority };
  }

  raise(i: number): void {
    const s = this.sources[i] as ReferenceSource;
    s.events = Math.min(s.events + 1, s.at !== null ? 2 : 1);
    this.send(s);
  }

  /** The most favoured that waits for a CPU and that its CPPR lets pass, 0xFF if none. */
  private best(cpu: number): number {
    const waiting = this.sources.flatMap(({ at }) => (at?.server === cpu ? [at.priority] : []));
    const found = Math.min(OPEN, ...waiting);
    return found < (this.cppr[cpu] as number) ? found : OPEN;
  }

  private ipi(cpu: number): number {
    const mfrr = this.mfrr[cpu] as number;
    return mfrr < (this.cppr[cpu] as number) ? mfrr : OPEN;
  }

  /**
   * H_XIRR has returned `xirr`; `irqOf` numbers the sources. Linux: one call acknowledges one priority, and that of the signal of an IPI is 0: an IPI less
   * favoured than an interrupt of a device, or nothing, can come before that; the guest is told of it at once ({@link isDue}).
   */
  take(cpu: number, xirr: number, irqOf: (irq: number) => number): string | null {
    const irq = xirr & 0xffffff;
    if (xirr >>> 24 !== this.cppr[cpu]) return 'CPPR';
    const [best, ipi] = [this.best(cpu), this.ipi(cpu)];
    if (irq === 0) return null;
    if (irq === IPI) {
      if (ipi === OPEN) return 'no IPI without a request';
      this.cppr[cpu] = ipi;
      return null;
    }
    const s = this.sources[irqOf(irq)] as ReferenceSource;
    if (s.events === 0 || s.active || s.at === null) return 'once';
    const { server, priority } = s.at;
    if (server !== cpu || priority !== best || ipi <= best) return 'order';
    Object.assign(s, { active: true, at: null, events: s.events - 1 });
    this.cppr[cpu] = priority;
    return null;
  }

  eoi(cpu: number, xirr: number, i: number | null): void {
    this.cppr[cpu] = mapped(xirr >>> 24);
    if (i === null) return;
    const s = this.sources[i] as ReferenceSource;
    s.active = false;
    this.send(s);
  }

  /** H_CPPR: a CPU that closes hands over what has another target by now. What came meanwhile comes with it. */
  close(cpu: number, value: number): void {
    const cppr = mapped(value);
    const closes = cppr <= (this.cppr[cpu] as number);
    this.cppr[cpu] = cppr;
    for (const s of this.sources) {
      if (!closes || s.at?.server !== cpu || s.at.priority < cppr || s.server === cpu) continue;
      s.events = s.masked && s.second ? 2 : 1;
      s.at = { server: s.server, priority: s.priority };
    }
  }

  target(i: number, server: number, priority: number): void {
    Object.assign(this.sources[i] as ReferenceSource, { server, priority: mapped(priority), masked: false });
    this.send(this.sources[i] as ReferenceSource);
  }

  mask(i: number, masked: boolean): void {
    const s = this.sources[i] as ReferenceSource;
    s.masked = masked;
    s.second = masked && s.events === (s.active ? 1 : 2);
    this.send(s);
  }

  /** A CPU has to be told that something waits for it. */
  isDue(cpu: number): boolean {
    return this.best(cpu) !== OPEN || this.ipi(cpu) !== OPEN;
  }

  /** Everything that was asked for has been seen. */
  isDone(): boolean {
    return this.sources.every((s) => s.events === 0 && !s.active) && this.mfrr.every((m) => m === OPEN);
  }
}
