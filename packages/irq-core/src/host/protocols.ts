// One interrupt on a line, and the thread of a handler, with the places where other CPUs come between. Linux: kernel/irq/{chip,handle,manage}.c.

import { handle, type StructView, u8, u16 } from '../arena/index.ts';
import { BLOCKED, DONE, type Outcome, protocolsOn } from '../protocol/index.ts';
import type { Host } from './host.ts';

/** A machine as the protocols of its lines see it. */
export interface HostWorld {
  readonly host: Host;
}

const { protocol } = protocolsOn<HostWorld>();

/**
 * handle_level_irq, handle_fasteoi_irq, handle_edge_irq: the chip delivers, every handler of the line is called, the line opens again.
 * A handler waits for its driver's spinlock as the CPU it runs on would.
 */
export const handleIrq = protocol('handle_irq', { irq: u16, action: handle }, () => ({
  enter(m, f) {
    f.action = m.host.enter(f.irq);
    return f.action === 0 ? DONE : undefined;
  },
  handler(m, f) {
    if (m.host.isHandlerBusy(f.action)) return BLOCKED;
    f.action = m.host.callHandler(f.action);
    return f.action === 0 ? undefined : 'handler';
  },
  leave: (m, f) => (m.host.leave(f.irq) ? 'enter' : DONE),
}));

/** What every thread of a handler is started with. */
export const THREAD_LOCALS = { irq: u16, action: handle, owner: u16, result: u8 } as const;

/** irq_wait_for_interrupt: the wake-up is taken. First step of a thread. */
export const takeWakeup = (m: HostWorld, f: StructView<typeof THREAD_LOCALS>): void => m.host.takeWakeup(f.action);

/** irq_finalize_oneshot: the line opens with the last thread; a new wake-up starts over. Last step of a thread, whose first is `take`. */
export function finishThread(m: HostWorld, f: StructView<typeof THREAD_LOCALS>): Outcome<'take'> {
  const { oneshot, inProgress } = m.host.state.irqs.at(f.irq);
  if (oneshot === 1 && inProgress === 1) return BLOCKED;
  return m.host.finishThread(f.action, f.result) ? 'take' : DONE;
}

/** Protocols of the host's lines, for the machine's process table. */
export const HOST_PROTOCOLS = [handleIrq] as const;
