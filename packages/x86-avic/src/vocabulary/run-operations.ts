// A vCPU's life on physical CPUs: scheduled in and out, running, halting; and what switches its acceleration off.

import { EINVAL } from '@virq/irq-core/errors';
import type { Operation } from '@virq/irq-core/machine';
import { INHIBIT_REASONS, type InhibitReason } from '../avic/inhibit.ts';
import type { X86Chip } from '../chip.ts';
import { EXIT } from '../guest-mode.ts';
import { int, n, vcpu } from './args.ts';

/** Operations by name. */
export const RUN_OPERATIONS: Readonly<Record<string, Operation<X86Chip>>> = {
  vcpu_load: {
    summary: "the scheduler gives the vCPU's thread a physical CPU",
    args: { vcpu, cpu: int('physical CPU', { max: 253 }) },
    run: (c, args) => ({ ret: c.apicv.load(n(args, 'vcpu'), n(args, 'cpu')) }),
  },
  vcpu_put: {
    summary: "the vCPU's thread is preempted",
    args: { vcpu },
    run: (c, args) => ({ ret: c.apicv.put(n(args, 'vcpu')) }),
  },
  vcpu_run: {
    summary: 'KVM_RUN: the vCPU enters the guest on its CPU; from now on what the guest does may cost exits',
    args: { vcpu },
    run: (c, args) => ({ ret: c.guest.run(n(args, 'vcpu')) }),
  },
  vcpu_halt: {
    summary: 'HLT with interrupts enabled: the vCPU blocks until it is woken, then it can run again',
    args: { vcpu },
    run(c, args) {
      const v = n(args, 'vcpu');
      if (!c.apicv.mode.isIn(v)) return { ret: -EINVAL };
      c.guest.enter(v);
      c.apicv.mode.exit(v, EXIT.HLT);
      c.guest.serve(v);
      c.apicv.halt(v);
      return { ret: 0 };
    },
  },
  apicv_inhibit: {
    summary: 'kvm_set_apicv_inhibit or kvm_clear_apicv_inhibit: a reason for or against acceleration',
    args: {
      reason: { type: 'enum', values: INHIBIT_REASONS, doc: 'reason' },
      on: { type: 'bool', default: true, doc: 'set or clear' },
    },
    run(c, args) {
      c.apicv.setInhibit(args['reason'] as InhibitReason, args['on'] as boolean);
      return { ret: 0 };
    },
  },
};
