// @virq/x86-avic/protocols: kernel paths of AVIC, posted interrupts and the IOAPIC that other CPUs can interleave.

export { type AvicNodes, avicEmbeddedNode, moveNode, walkIrList } from './avic-embedded-node.ts';
export { type AvicInhibit, avicInhibit, deliver, inhibit, runVcpu } from './avic-inhibit.ts';
export { avicIrData, type IrDataAllocation, trackIrte, walkList } from './avic-ir-data.ts';
export { type AvicLists, avicIrList, namesRunner, programIrte, updateIrte, vcpuLoadPut } from './avic-ir-list.ts';
export {
  type AvicPost,
  avicPost,
  moveIrte,
  pollGaLog,
  postInterrupt,
  runAndBlock,
} from './avic-post.ts';
export {
  device,
  handlesVector,
  type IoapicEoi,
  ioapicEoi,
  retarget,
  vcpu,
} from './ioapic-eoi.ts';
export {
  halt,
  type PostedInterrupts,
  piAssign,
  piPreempt,
  post,
  preempt,
  startBypass,
} from './posted-interrupts.ts';
