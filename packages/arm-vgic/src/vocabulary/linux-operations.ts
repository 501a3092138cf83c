// Words for the Linux of a VM: it boots, requests interrupts, takes and ends them.

import { EINVAL } from '@virq/irq-core/errors';
import type { Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import type { IrqchipState } from '../guest/driver.ts';
import { isSpecial } from '../guest/guest.ts';
import { adoptLinux } from '../guest/linux.ts';
import { hex, int, n } from './args.ts';

type Op = Operation<ArmChip>;

const cpu = int('CPU of the guest on which it happens', { min: 0, max: 511, default: 0 });
const target = int('CPU of the guest that is to have it', { min: 0, max: 511, default: 0 });
const intid = int('INTID', { min: 0, max: 0xffff });
const its = int('ITS, in the order of the device tree', { min: 0, max: 3, default: 0 });

/** By code of the guest on a CPU: -EINVAL unless it has booted and the vCPU is in the guest. */
const inLinux = (summary: string, args: Op['args'], run: (c: ArmChip, cpu: number, args: Args) => OpResult): Op => ({
  summary,
  args: { ...args, cpu },
  run(c, given) {
    const on = n(given, 'cpu');
    if (on >= c.state.dist.online || c.linux.driver() === null || !c.run.isIn(on)) return { ret: -EINVAL };
    return run(c, on, given);
  },
});

const status = (ret: number): OpResult => ({ ret });

const onIrq = (
  summary: string,
  run: (c: ArmChip, cpu: number, intid: number, args: Args) => number,
  more: Op['args'] = {},
): Op => inLinux(summary, { intid, ...more }, (c, on, args) => status(run(c, on, n(args, 'intid'), args)));

function requestMsi(c: ArmChip, on: number, args: Args): OpResult {
  const request = {
    its: n(args, 'its'),
    device: n(args, 'dev'),
    event: n(args, 'event'),
    vectors: Math.max(n(args, 'vectors'), n(args, 'event') + 1),
    target: n(args, 'target'),
  };
  const lpi = c.linux.requestMsi(on, request);
  if (lpi < 0) return { ret: lpi };
  return { ret: 0, out: { intid: lpi, address: hex(c.linux.its.doorbell(request.its)), data: request.event } };
}

/** Takes and ends what there is; a level interrupt whose device does not let go comes again, so there is an end to it. */
function serve(c: ArmChip, on: number, args: Args): OpResult {
  const served: number[] = [];
  while (served.length < n(args, 'most')) {
    const taken = c.linux.interrupt(on);
    if (isSpecial(taken)) break;
    served.push(taken);
    if (args['lower'] === true) c.linux.lowerEmulated(on, taken);
    c.linux.eoi(on, taken);
  }
  return { ret: 0, out: { intids: served } };
}

const STATES = ['pending', 'active'] as const;
const state = { type: 'enum', values: STATES, default: 'pending', doc: 'IRQCHIP_STATE_*' } as const;

/** Operations of the guest's Linux. */
export const LINUX_OPERATIONS: Readonly<Record<string, Op>> = {
  guest_boot: {
    summary: 'Linux boots on all vCPUs, which stay in the guest: distributor, redistributors, ITSs, CPU interfaces',
    args: {
      eoimode: int('1: priority drop and deactivation are apart, as in a guest at EL2', { min: 0, max: 1, default: 0 }),
      clear_pending: { type: 'bool', default: false, doc: 'firmware writes ones to GICD_ICPENDR before' },
    },
    run: (c, args) =>
      status(c.linux.boot({ eoimode: n(args, 'eoimode'), clearPending: args['clear_pending'] === true })),
  },
  guest_adopt: {
    summary: 'after vgic_restore: the guest of another VM goes on here, and its vCPUs run',
    args: { from: int('VM that it was, by index', { max: 255 }) },
    run(c, args) {
      const from = c.context.host.peers[n(args, 'from')] as ArmChip['kvm'] | undefined;
      if (from === undefined || from.device.context === c.context) return { ret: -EINVAL };
      const ret = adoptLinux(from.device.context.state.linux, c.state.linux);
      for (let vcpu = 0; ret === 0 && vcpu < c.state.dist.online; vcpu++) c.linux.start(vcpu);
      return { ret };
    },
  },
  guest_request_irq: inLinux(
    'request_irq of an SPI: trigger, ISENABLER, affinity; of a PPI for this CPU',
    { intid, edge: { type: 'bool', default: false, doc: 'edge-triggered' }, target },
    (c, on, args) =>
      status(
        c.linux.requestIrq(on, { intid: n(args, 'intid'), edge: args['edge'] === true, target: n(args, 'target') }),
      ),
  ),
  guest_request_msi: inLinux(
    'an MSI of a device: MAPD if it is the first of the device, MAPTI, then its LPI is enabled',
    {
      dev: int('DeviceID', { min: 0, max: 0xffff }),
      event: int('EventID', { min: 0, max: 0xffff, default: 0 }),
      vectors: int('vectors of the device, for the size of its table', { min: 1, max: 0x8000, default: 1 }),
      its,
      target,
    },
    requestMsi,
  ),
  guest_free_irq: onIrq('free_irq: masked; an MSI is discarded, and with the last one its device', (c, on, i) =>
    c.linux.freeIrq(on, i),
  ),
  guest_mask_irq: onIrq('masks it: ICENABLER, or the LPI configuration', (c, on, i) => c.linux.mask(on, i)),
  guest_unmask_irq: onIrq('unmasks it', (c, on, i) => c.linux.unmask(on, i)),
  guest_set_affinity: onIrq(
    'moves it: IROUTER, ITARGETSR or MOVI',
    (c, on, i, args) => c.linux.setAffinity(on, i, n(args, 'target')),
    { target },
  ),
  guest_set_irqchip_state: onIrq(
    'irq_set_irqchip_state: ISPENDR, ICPENDR, ISACTIVER, ICACTIVER; INT or CLEAR',
    (c, on, i, args) =>
      c.linux.setState(on, { intid: i, state: args['state'] as IrqchipState }, args['value'] as boolean),
    { state, value: { type: 'bool', default: true, doc: 'set or cleared' } },
  ),
  guest_ipi: inLinux(
    'sends an SGI: GICD_SGIR or ICC_SGI1R_EL1',
    {
      intid: int('SGI', { min: 0, max: 15, default: 0 }),
      targets: { type: 'list', of: int('CPU', { min: 0, max: 511 }), doc: 'CPUs that get it' },
    },
    (c, on, args) => status(c.linux.ipi(on, n(args, 'intid'), args['targets'] as number[])),
  ),
  guest_interrupt: inLinux('reads IAR, and with EOImode 1 drops the priority', {}, (c, on) => {
    const taken = c.linux.interrupt(on);
    return { ret: 0, out: { intid: isSpecial(taken) ? null : taken } };
  }),
  guest_eoi: onIrq('the handler has done: EOIR, or DIR with EOImode 1', (c, on, i) => {
    c.linux.eoi(on, i);
    return 0;
  }),
  guest_serve: inLinux(
    'takes and ends interrupts until there is none',
    {
      lower: {
        type: 'bool',
        default: false,
        doc: 'the handler serves an emulated device: it exits to the VMM, which lowers the line',
      },
      most: int('interrupts at most: a device that is not served asks again and again', {
        min: 1,
        max: 1024,
        default: 64,
      }),
    },
    serve,
  ),
};
