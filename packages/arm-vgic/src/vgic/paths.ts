// The paths of the ap_lists as the rest of a VM calls them: in one go where nobody is between, else as processes.

import type { AnyProtocol } from '@virq/irq-core/protocol';
import type { Context } from '../context.ts';
import { vgicDeactivate } from '../lists/deactivate.ts';
import { vgicFlushLrState } from '../lists/flush.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { vgicInjectIrq, vgicQueueIrqUnlock } from '../lists/queue.ts';
import { CAME, flushStraight, foldStraight, injectStraight, pruneStraight, queueStraight } from '../lists/straight.ts';
import type { VgicLists } from '../lists/world.ts';

/** What there is. vCPUs go by index, interrupts by handle. */
export interface VgicPaths {
  inject(irq: number, level: number, owner: number): void;
  queue(irq: number): void;
  flush(vcpu: number): void;
  fold(vcpu: number): void;
  prune(vcpu: number): void;
  /** A trapped DIR, after the exit. */
  deactivate(vcpu: number, value: number): void;
}

const STRAIGHT = [vgicInjectIrq, vgicQueueIrqUnlock, vgicFlushLrState, vgicFoldLrState, vgicPruneApList];

/** Creates them. Where a path was edited into another one, that one runs. */
export function createPaths({ vm, processes }: Context, lists: VgicLists): VgicPaths {
  let known: boolean | null = null;

  const isStraight = (): boolean => {
    if (known === null) {
      const running: readonly unknown[] = processes().protocols;
      known = STRAIGHT.every((protocol) => running.includes(protocol));
    }
    return known;
  };

  const call = (protocol: object, args: object): void =>
    processes().call(protocol as AnyProtocol<never> as never, { vm, ...args } as never);
  /** A lock is held: out of a step, the path is a process of its own that waits for it. */
  const begin = (protocol: object, args: object): void =>
    processes().begin(protocol as AnyProtocol<never> as never, { vm, ...args } as never);

  return {
    inject(irq, level, owner) {
      const came = isStraight() ? injectStraight(lists, irq, level, owner) : CAME.NOWHERE;
      if (came === CAME.NOWHERE) begin(vgicInjectIrq, { irq, level, owner });
      else if (came === CAME.CHANGED) begin(vgicQueueIrqUnlock, { irq });
    },
    queue(irq) {
      const isFree = isStraight() && lists.irqs.at(irq).irqLock.holder === 0;
      if (!isFree || !queueStraight(lists, irq)) begin(vgicQueueIrqUnlock, { irq });
    },
    flush(vcpu) {
      if (!isStraight() || !flushStraight(lists, vcpu)) call(vgicFlushLrState, { vcpu });
    },
    fold(vcpu) {
      const lr = isStraight() ? foldStraight(lists, vcpu) : 0;
      if (lr >= 0) call(vgicFoldLrState, { vcpu, lr, goesOn: 1 });
    },
    prune(vcpu) {
      if (!isStraight() || !pruneStraight(lists, vcpu)) call(vgicPruneApList, { vcpu });
    },
    deactivate: (vcpu, value) => call(vgicDeactivate, { vcpu, value }),
  };
}
