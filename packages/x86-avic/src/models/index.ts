// @virq/x86-avic/models: small machines for the checker, with agents that use the real paths.

export { apicvInhibit } from './apicv-inhibit.ts';
export { avicInhibit } from './avic-inhibit.ts';
export { avicIpi } from './avic-ipi.ts';
export { avicIrList, namesRunner, settled, targetOf } from './avic-ir-list.ts';
export { avicPost, kickPrevious } from './avic-post.ts';
export { ioapicEoi } from './ioapic-eoi.ts';
export { bindVectors, chipOf, routeVector, type SmallMachine, smallMachine, type X86Machine } from './machine.ts';
export { piAssign } from './pi-assign.ts';
export { piPreempt } from './pi-preempt.ts';
export { postingDevice, runVmxVcpu } from './vmx-vcpu.ts';
export { vtdAffinity } from './vtd-affinity.ts';
