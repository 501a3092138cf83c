// Words for the guest: vCPUs on threads, a Linux that boots and serves its interrupts, and single accesses.

import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { GuestDriver, Taken } from '../guest/driver.ts';
import type { GuestMode } from '../guest/guest.ts';
import { hex, int, n } from './args.ts';

type Op = Operation<PowerChip>;

const cpu = int('CPU of the guest on which it happens', { min: 0, max: 1023, default: 0 });
const vcpu = int('vCPU', { min: 0, max: 1023, default: 0 });
const irq = int("the guest's number of the interrupt", { min: 0, optional: true });
const lisn = int('or its source', { min: 0, max: 0x1fff, optional: true });
const target = int('CPU of the guest that is to have it', { min: 0, max: 1023, default: 0 });

const status = (ret: number): OpResult => ({ ret: Math.min(0, ret) });
const has = (c: PowerChip, v: number): boolean => v < c.state.guest.vcpus.length;

/** On a vCPU of the VM. */
const onVcpu = (summary: string, args: Op['args'], run: (c: PowerChip, vcpu: number, args: Args) => OpResult): Op => ({
  summary,
  args: { vcpu, ...args },
  run: (c, given) => (has(c, n(given, 'vcpu')) ? run(c, n(given, 'vcpu'), given) : { ret: -EINVAL }),
});

type GuestRun = (c: PowerChip, cpu: number, args: Args, driver: GuestDriver) => OpResult;

/** By code of the guest: -EINVAL unless it has booted and the vCPU is in it, -ENODEV once QEMU has gone. */
const inGuest = (summary: string, args: Op['args'], run: GuestRun): Op => ({
  summary,
  args: { cpu, ...args },
  run(c, given) {
    const on = n(given, 'cpu');
    const driver = c.guest.driver();
    if (c.spapr.state.dead === 1) return { ret: -ENODEV };
    if (!has(c, on) || driver === null || !c.guest.exits.isIn(on)) return { ret: -EINVAL };
    return run(c, on, given, driver);
  },
});

/** The interrupt that is meant, by its number or by its source: -1 for none. */
const irqOf = (c: PowerChip, args: Args): number => {
  if (args['irq'] !== undefined) return n(args, 'irq');
  return args['lisn'] === undefined ? -1 : c.guest.irqs.find(n(args, 'lisn'));
};

const onIrq = (
  summary: string,
  run: (driver: GuestDriver, cpu: number, irq: number, args: Args) => number,
  more: Op['args'] = {},
): Op =>
  inGuest(summary, { irq, lisn, ...more }, (c, on, args, driver) => {
    const number = irqOf(c, args);
    return number < 0 ? { ret: -EINVAL } : status(run(driver, on, number, args));
  });

const shown = (taken: Taken | null): OpResult => ({
  ret: 0,
  out: {
    irq: taken === null || taken.irq === 0 ? null : taken.irq,
    lisn: taken === null || taken.lisn < 0 ? null : hex(taken.lisn),
  },
});

/** Takes and ends what there is, until there is nothing more. */
function serve(c: PowerChip, on: number, driver: GuestDriver): OpResult {
  const served: number[] = [];
  for (;;) {
    const taken = c.guest.interrupt(on);
    if (taken === null) return { ret: 0, out: { irqs: served } };
    if (taken.irq === 0) continue;
    served.push(taken.irq);
    driver.eoi(on, taken.irq);
  }
}

/** Maps a source if need be, and starts it. */
function startup(c: PowerChip, on: number, args: Args, driver: GuestDriver): OpResult {
  const source = n(args, 'lisn');
  const known = c.guest.irqs.find(source);
  const number = known >= 0 ? known : driver.map(on, source);
  if (number < 0) return { ret: number };
  const error = driver.startup(on, number, n(args, 'target'));
  return error < 0 ? { ret: error } : { ret: 0, out: { irq: number } };
}

const address = { type: 'u64', doc: 'logical real address' } as const;
const size = int('bytes of the access', { min: 1, max: 8, default: 8 });

/** Operations of the guest. */
export const GUEST_OPERATIONS: Readonly<Record<string, Op>> = {
  vcpu_load: onVcpu(
    'the scheduler gives the vCPU a hardware thread',
    { thread: int('hardware thread', { max: 127 }) },
    (c, v, args) => status(c.guest.exits.load(v, n(args, 'thread'))),
  ),
  vcpu_put: onVcpu('the vCPU is preempted: out of the guest, off its thread', {}, (c, v) =>
    status(c.guest.exits.put(v)),
  ),
  vcpu_run: onVcpu('KVM_RUN: the vCPU enters the guest, its XIVE context goes to the thread', {}, (c, v) =>
    status(c.guest.exits.run(v)),
  ),
  guest_boot: {
    summary: 'a Linux guest boots on all vCPUs, which go to the first free threads, and negotiates its interrupt mode',
    args: { mode: { type: 'enum', values: ['xive', 'xics'], default: 'xive', doc: 'mode' } },
    run: (c, args) => status(c.guest.boot(args['mode'] as GuestMode)),
  },
  guest_irq_map: inGuest(
    'irq_create_mapping: a number for a source',
    { lisn: { ...lisn, optional: false } },
    (_c, on, args, driver) => {
      const number = driver.map(on, n(args, 'lisn'));
      return number < 0 ? { ret: number } : { ret: 0, out: { irq: number } };
    },
  ),
  guest_irq_startup: inGuest(
    'irq_startup: a source gets a number if it has none, a target, and is unmasked',
    { lisn: { ...lisn, optional: false }, target },
    startup,
  ),
  guest_irq_shutdown: onIrq('irq_shutdown: masked at its source, and without a target', (d, on, i) =>
    d.shutdown(on, i),
  ),
  guest_irq_mask: onIrq('masks it at its source', (d, on, i) => d.mask(on, i)),
  guest_irq_unmask: onIrq('unmasks it', (d, on, i) => d.unmask(on, i)),
  guest_irq_retrigger: onIrq('makes the source send once more', (d, on, i) => d.retrigger(on, i)),
  guest_set_affinity: onIrq('moves it to another CPU', (d, on, i, args) => d.setAffinity(on, i, n(args, 'target')), {
    target,
  }),
  guest_ipi: inGuest('sends an IPI', { target }, (c, on, args, driver) =>
    has(c, n(args, 'target')) ? status(driver.ipi(on, n(args, 'target'))) : { ret: -EINVAL },
  ),
  guest_interrupt: inGuest('the CPU takes its external interrupt, if it has one', {}, (c, on) =>
    shown(c.guest.interrupt(on)),
  ),
  guest_eoi: onIrq('the handler has done: end of interrupt', (d, on, i) => d.eoi(on, i)),
  guest_serve: inGuest('the CPU takes and ends interrupts until there is none', {}, (c, on, _args, driver) =>
    serve(c, on, driver),
  ),
  guest_cede: inGuest(
    'the CPU is idle: H_CEDE, until something waits for it; not with an interrupt to replay (prep_irq_for_idle)',
    {},
    (c, on, _args, driver) => {
      if (!driver.mustReplay(on)) c.guest.exits.cede(on);
      return { ret: 0, out: { ceded: !driver.mustReplay(on) } };
    },
  ),
  guest_load: inGuest('a load from an ESB page or the TIMA', { addr: address, size }, (c, on, args) => ({
    ret: 0,
    out: { value: hex(c.guest.access.load(on, args['addr'] as bigint, n(args, 'size'))) },
  })),
  guest_store: inGuest(
    'a store to an ESB page or the TIMA',
    { addr: address, value: { type: 'u64', default: 0, doc: 'value' }, size },
    (c, on, args) => {
      c.guest.access.store(on, args['addr'] as bigint, n(args, 'size'), args['value'] as bigint);
      return { ret: 0 };
    },
  ),
};
