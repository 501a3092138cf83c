// @virq/irq-core/host: genirq, the host's own interrupt lines.

export { FLOW, IRQ, IRQF, SPURIOUS, SPURIOUS_OFF, type SpuriousLimits } from './flags.ts';
export { type ActionKind, createHost, type Host, type HostInit, type LineRequest } from './host.ts';
export { Action, type HostLimits, type HostState, hostLayout, IrqDesc } from './layout.ts';
export { finishThread, HOST_PROTOCOLS, type HostWorld, handleIrq, THREAD_LOCALS, takeWakeup } from './protocols.ts';
export type { Remapper, RemapResult } from './remapper.ts';
export { IRQ_NOTCONNECTED, type IrqRequest, joinFlags, mismatchMessage, requestError } from './request.ts';
