// What a replay needs of the x86 model: the inputs a capture can show, and the few pieces of state it may have to take over.

import type { RecordedEvent } from '@virq/irq-core/machine';

/** An event the model emitted: tracepoint name and the kernel's text. */
export interface Emitted {
  readonly name: string;
  readonly text: string;
}

/** The model under replay. Inputs return what they made the model emit, in order. */
export interface ReplayTarget {
  readonly vcpus: number;
  /** One chip pin with one source's level (kvm_set_irq has already been recorded). */
  setPin(chip: number, pin: number, source: number, level: number): readonly Emitted[];
  msi(e: RecordedEvent): readonly Emitted[];
  ipi(sender: number, e: RecordedEvent): readonly Emitted[];
  /** A local source (timer, LVT, an IPI whose cause was not captured) reaches one LAPIC. */
  accept(e: Pick<RecordedEvent, 'apicid' | 'vector' | 'deliveryMode' | 'trigger'>): void;
  eoi(vcpu: number): readonly Emitted[];
  portWrite(port: number, value: number): readonly Emitted[];
  portRead(port: number): number;
  mmioWrite(address: number, size: number, value: number): readonly Emitted[];
  apicWrite(vcpu: number, register: string, value: number): readonly Emitted[];
  /** Highest vector the CPU would take now, -1 if none. */
  deliverable(vcpu: number): number;
  isPending(vcpu: number, vector: number): boolean;
  highestInService(vcpu: number): number;
  /** IRR → ISR for one vector; from the PIC when `vector` is what INTA would give. */
  acknowledge(vcpu: number, vector: number): void;
  /** INTA of the PIC; -1 if its output is low. */
  acknowledgePic(): number;
  /** True when a non-specific EOI would find nothing in service although a request is waiting. */
  picAwaitsInta(): boolean;
  /** Takes over the redirection entry that the event shows. Returns what changed, empty if nothing did. */
  learnRedirection(e: RecordedEvent): string;
  /** Takes over the trigger mode and mask of the PIC pin that the event shows. */
  learnPicPin(e: RecordedEvent): string;
  /** Appends a chip pin to the route of a GSI. Returns false if it is there already. */
  learnRoute(gsi: number, chip: number, pin: number): boolean;
  /** Makes sure a resampling irqfd exists on the GSI. Returns false if it did. */
  learnResampler(gsi: number): boolean;
  /** The last resampling irqfd of a GSI is gone: its line was lowered outside any EOI. */
  dropResampler(gsi: number): readonly Emitted[];
  /** Vector of a pin's redirection entry. */
  vectorOf(pin: number): number;
  /** Makes the vCPUs in `accepted` (and no others) match a logical destination. */
  learnLogical(dest: number, accepted: readonly number[]): void;
  /** EOI of one pin whose entry the capture shows to carry the vector now. */
  eoiPin(vcpu: number, pin: number, vector: number): readonly Emitted[];
  /** EOI of a PIC input by a port write that was not captured. */
  eoiPic(pin: number): readonly Emitted[];
  /** Marks a vector in service (the capture began while it was). */
  learnInService(vcpu: number, vector: number): void;
  /** Pin of an unmasked-since pending level entry with this vector, -1 if none: explains an accept nobody caused. */
  pinWaitingFor(vector: number): number;
  /** Unmasks a pin whose line is up, as a redirection write would; returns what was emitted. */
  unmask(pin: number): readonly Emitted[];
}
