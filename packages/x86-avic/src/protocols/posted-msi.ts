// The host's own messages, posted to a descriptor per CPU: one notification for many. Linux 6.10: arch/x86/kernel/irq.c sysvec_posted_msi_notification.

import { u8, u16 } from '@virq/irq-core/arena';
import { DONE, protocolsOn } from '@virq/irq-core/protocol';
import type { PostedWorld } from './posted-world.ts';

/** A host that can run its handlers. */
export interface MessageWorld extends PostedWorld {
  readonly parts: { readonly x86: PostedWorld['parts']['x86'] & { handleVector(cpu: number, vector: number): void } };
}

/** Rounds through the PIR before ON is cleared (MAX_POSTED_MSI_COALESCING_LOOP - 1). */
const ROUNDS = 2;

const descriptor = (m: MessageWorld, f: { cpu: number }) => m.parts.x86.posted.state.messages.at(f.cpu);

/** ON is cleared late, so that messages that come meanwhile need no notification, and PIR is looked at once more behind it. */
export const postedMsiNotification = protocolsOn<MessageWorld>().protocol(
  'sysvec_posted_msi_notification',
  { cpu: u8, round: u8, next: u16 },
  () => ({
    handle(m, f) {
      const { pir } = descriptor(m, f);
      const vector = pir.next(f.next);
      f.next = vector + 1;
      if (vector < 0) return undefined;
      pir.delete(vector);
      m.parts.x86.handleVector(f.cpu, vector);
      return 'handle';
    },
    again(m, f) {
      f.round++;
      if (f.round > ROUNDS) return DONE;
      return f.round < ROUNDS && !descriptor(m, f).pir.isEmpty() ? 'handle' : undefined;
    },
    clearOn(m, f) {
      f.round = ROUNDS;
      descriptor(m, f).on = 0;
      return 'handle';
    },
  }),
);
