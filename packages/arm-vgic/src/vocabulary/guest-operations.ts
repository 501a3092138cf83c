// Words for what a guest does at its CPU interface.

import { EINVAL } from '@virq/irq-core/errors';
import type { Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { acknowledge, deactivateInterrupt, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { DIRECT } from '../cpuif/priorities.ts';
import { int, n } from './args.ts';

type Op = Operation<ArmChip>;

const cpu = int('vCPU', { min: 0, max: 511, default: 0 });
const group = int('group: 0 (FIQ) or 1 (IRQ)', { min: 0, max: 1, default: 1 });
const intid = int('INTID as IAR gave it');

/** By guest code of a vCPU: -EINVAL without that vCPU. */
const inGuest = (summary: string, args: Op['args'], run: (c: ArmChip, vcpu: number, args: Args) => OpResult): Op => ({
  summary,
  args: { ...args, cpu },
  run(c, given) {
    const vcpu = n(given, 'cpu');
    return vcpu < c.options.vcpus ? c.run.inside(vcpu, () => run(c, vcpu, given)) : { ret: -EINVAL };
  },
});

/** How the small guest program that executes one instruction comes back. */
const done = (x0 = 0): OpResult => ({ ret: 0, out: { exit: 'done', x0 } });

/** Operations of the guest. */
export const GUEST_OPERATIONS: Readonly<Record<string, Op>> = {
  cpu_setup: inGuest(
    'the guest enables its CPU interface: priority mask, groups, EOImode',
    {
      pmr: int('ICC_PMR_EL1', { min: 0, max: 0xff, default: 0xf0 }),
      eoimode: int('ICC_CTLR_EL1.EOImode', { min: 0, max: 1, default: 0 }),
    },
    (c, vcpu, args) => {
      Object.assign(c.state.interfaces.at(vcpu).vmcr, {
        pmr: n(args, 'pmr') & 0xf8,
        eoiMode: n(args, 'eoimode'),
        enable0: 1,
        enable1: 1,
      });
      return done(1);
    },
  ),
  iar: inGuest('the guest reads IAR', { group }, (c, vcpu, args) => {
    const cpuInterface = c.state.interfaces.at(vcpu);
    const taken = acknowledge(cpuInterface, n(args, 'group'));
    const intid = intidOf(cpuInterface, taken);
    if (taken === DIRECT) c.v4.activated(vcpu);
    return { ret: 0, out: { intid } };
  }),
  eoir: inGuest('the guest writes EOIR', { intid, group }, (c, vcpu, args) => {
    const e = { group: n(args, 'group'), intid: n(args, 'intid') };
    endOfInterrupt(c.state.interfaces.at(vcpu), e, c.context.host.deactivate);
    return done();
  }),
  dir: inGuest('the guest writes DIR', { intid }, (c, vcpu, args) => {
    deactivateInterrupt(c.state.interfaces.at(vcpu), n(args, 'intid'), c.context.host.deactivate);
    return done();
  }),
  vcpu_run: {
    summary: 'KVM_RUN: the vCPU enters the guest and stays',
    args: { cpu },
    run(c, args) {
      if (n(args, 'cpu') >= c.options.vcpus) return { ret: -EINVAL };
      if (!c.run.isIn(n(args, 'cpu'))) c.run.enter(n(args, 'cpu'));
      return { ret: 0 };
    },
  },
  vcpu_exit: {
    summary: 'the vCPU leaves the guest, as after an interrupt of the host',
    args: { cpu },
    run(c, args) {
      if (n(args, 'cpu') >= c.options.vcpus || !c.run.isIn(n(args, 'cpu'))) return { ret: -EINVAL };
      c.run.exit(n(args, 'cpu'));
      return { ret: 0 };
    },
  },
};
