// What a first pass over a capture has to find before it can be replayed: which events it has, how many vCPUs, which thread is which.
import type { CaptureShape } from '@virq/irq-core/machine';
import type { TraceEvent } from './events/trace-event.ts';

/** Collects the shape of a capture event by event. */
export interface ShapeReader {
  event(event: TraceEvent): void;
  shape(): CaptureShape;
}

/** Bound on the threads remembered, so that memory stays constant. */
const MAX_THREADS = 65536;

/** Sightings of one vector that make a pin steady. */
const STEADY = 3;

/** vCPU ids beyond this are not believed. */
const MAX_VCPU = 4095;

/** Events whose `apicid` is a vCPU id. */
const APIC_EVENTS: ReadonlySet<string> = new Set(['kvm_eoi', 'kvm_apic_accept_irq', 'kvm_pv_eoi']);
/** Events that a vCPU's own thread prints, with its id. */
const OWN_THREAD: Readonly<Record<string, (e: TraceEvent) => number>> = {
  kvm_eoi: (e) => e.apicid,
  kvm_entry: (e) => e.vcpu,
  kvm_exit: (e) => e.vcpu,
};

/** Creates an empty shape. */
export function createShapeReader(): ShapeReader {
  const counts = new Map<string, number>();
  const vcpuOfThread = new Map<number, number>();
  const threadOfVcpu = new Map<number, number>();
  const contested = new Set<number>();
  const vectorOfPin = new Map<number, number>();
  const sightings = new Map<number, number>();
  const unsteady = new Set<number>();
  let maxVcpu = -1;

  function seePin(pin: number, vector: number): void {
    const known = vectorOfPin.get(pin);
    sightings.set(pin, (sightings.get(pin) ?? 0) + 1);
    if (known === undefined) vectorOfPin.set(pin, vector);
    else if (known !== vector) unsteady.add(pin);
  }

  function claim(pid: number, vcpu: number): void {
    if (vcpu < 0 || vcpu > MAX_VCPU || vcpuOfThread.size >= MAX_THREADS || vcpuOfThread.get(pid) === vcpu) return;
    const owner = threadOfVcpu.get(vcpu);
    if (owner !== undefined && owner !== pid) contested.add(vcpu);
    // A thread that ends interrupts of several vCPUs is user space doing it by ioctl: it is none of them.
    vcpuOfThread.set(pid, vcpuOfThread.has(pid) ? -1 : vcpu);
    threadOfVcpu.set(vcpu, pid);
  }

  return {
    event(e) {
      counts.set(e.name, (counts.get(e.name) ?? 0) + 1);
      if (e.name === 'kvm_ioapic_set_irq' && e.masked === 0) seePin(e.pin, e.vector);
      if (APIC_EVENTS.has(e.name) && e.apicid <= MAX_VCPU) maxVcpu = Math.max(maxVcpu, e.apicid);
      const own = OWN_THREAD[e.name];
      if (own !== undefined) claim(e.pid, own(e));
    },
    shape: () => ({
      counts,
      maxVcpu,
      vcpuOfThread,
      steadyPins: new Set(
        [...vectorOfPin.keys()].filter((pin) => !unsteady.has(pin) && (sightings.get(pin) ?? 0) >= STEADY),
      ),
      contested: [...contested].sort((a, b) => a - b),
    }),
  };
}
