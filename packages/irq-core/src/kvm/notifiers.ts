// Ack notifiers (EOI of a GSI) and mask notifiers (redirection mask changed). Linux: virt/kvm/eventfd.c, arch/x86/kvm/ioapic.c.

import { ENOMEM, ModelError } from '../errors.ts';
import type { KvmState } from './layout.ts';

/** Kinds of notifier; a backend or device may add its own from 16 up. */
export const NOTIFIER = { RESAMPLER: 1, PIT: 2 } as const;

/** Called with the `owner` it was registered with; mask notifiers also get the new mask bit. */
export type NotifierHandler = (owner: number, masked: number) => void;

type List = 'ackNotifiers' | 'maskNotifiers';

/** The notifier lists of one VM. */
export interface Notifiers {
  /** Installs the handler of a kind. Bound once, at construction. */
  handle(kind: number, handler: NotifierHandler): void;
  /** Adds to the head of the list, as hlist_add_head does. Returns the handle, or -ENOMEM. */
  register(list: List, gsi: number, kind: number, owner: number): number;
  unregister(list: List, notifier: number): void;
  /** Calls every notifier of the GSI, in list order. */
  fire(list: List, gsi: number, masked: number): void;
  has(list: List, gsi: number): boolean;
}

/** Notifier lists over the VM's state; `changed` is the architecture's hook for a changed ack list. */
export function createNotifiers(state: KvmState, changed: () => void): Notifiers {
  const { notifiers } = state;
  const handlers: (NotifierHandler | undefined)[] = [];
  const head = (list: List): number => (list === 'ackNotifiers' ? state.ackNotifiers : state.maskNotifiers);
  return {
    handle(kind, handler) {
      handlers[kind] = handler;
    },
    register(list, gsi, kind, owner) {
      const h = notifiers.alloc();
      if (h === 0) return -ENOMEM;
      const n = notifiers.at(h);
      n.gsi = gsi;
      n.kind = kind;
      n.owner = owner;
      n.next = state[list];
      state[list] = h;
      if (list === 'ackNotifiers') changed();
      return h;
    },
    unregister(list, notifier) {
      if (state[list] === notifier) state[list] = notifiers.at(notifier).next;
      else {
        let h = state[list];
        while (h !== 0 && notifiers.at(h).next !== notifier) h = notifiers.at(h).next;
        if (h === 0) throw new ModelError(`notifier ${notifier} is not on the list`);
        notifiers.at(h).next = notifiers.at(notifier).next;
      }
      notifiers.free(notifier);
      if (list === 'ackNotifiers') changed();
    },
    fire(list, gsi, masked) {
      for (let h = head(list); h !== 0; ) {
        const n = notifiers.at(h);
        h = n.next;
        if (n.gsi === gsi) handlers[n.kind]?.(n.owner, masked);
      }
    },
    has(list, gsi) {
      for (let h = head(list); h !== 0; h = notifiers.at(h).next) if (notifiers.at(h).gsi === gsi) return true;
      return false;
    },
  };
}
