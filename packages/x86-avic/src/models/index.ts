// @virq/x86-avic/models: small machines for the checker, with agents that use the real paths.

export { avicInhibit } from './avic-inhibit.ts';
export { avicIrList, namesRunner, settled, targetOf } from './avic-ir-list.ts';
export { avicPost, kickPrevious } from './avic-post.ts';
export { bindVectors, chipOf, routeVector, type SmallMachine, smallMachine, type X86Machine } from './machine.ts';
