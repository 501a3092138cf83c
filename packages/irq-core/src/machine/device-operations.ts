// What passed-through devices and their owners do: the function itself, VFIO's ioctls, the guest's view of config space.

import { ENODEV } from '../errors.ts';
import { ACTION, DATA, INDEX } from '../vfio/index.ts';
import type { Session } from './session.ts';
import { type ArgSpec, type Args, OK, type Operation, type OpResult } from './vocabulary.ts';

const device: ArgSpec = { type: 'name', of: 'a device', doc: 'the device' };
const eventfd = (doc: string): ArgSpec => ({ type: 'name', of: 'an eventfd', doc, optional: true });
const vector: ArgSpec = { type: 'int', max: 31, default: 0, doc: 'vector' };

type Run = (s: Session, device: number, args: Args) => OpResult;

/** An operation on a device: -ENODEV when the machine has none of that name. */
const on = (summary: string, args: Readonly<Record<string, ArgSpec>>, run: Run): Operation<Session> => ({
  summary,
  args: { device, ...args },
  run(s, given) {
    const index = s.device(given['device'] as string);
    return index < 0 ? { ret: -ENODEV } : run(s, index, given);
  },
});

const done =
  (run: (s: Session, device: number) => void): Run =>
  (s, i) => {
    run(s, i);
    return OK;
  };

/** VFIO_DEVICE_SET_IRQS of INTx: trigger eventfd, and unmask eventfd if one is given. */
function enableIntx(s: Session, i: number, args: Args): OpResult {
  const set = (action: number, name: unknown): number =>
    s.machine.vfio.setIrqs(i, {
      index: INDEX.INTX,
      start: 0,
      count: 1,
      flags: DATA.EVENTFD | action,
      data: [s.eventfd(name as string)],
    });
  const ret = set(ACTION.TRIGGER, args['trigger']);
  return { ret: ret === 0 && args['unmask'] !== undefined ? set(ACTION.UNMASK, args['unmask']) : ret };
}

function setMsi(s: Session, i: number, args: Args): OpResult {
  const index = args['msix'] === true ? INDEX.MSIX : INDEX.MSI;
  const fds = (args['triggers'] as string[]).map((name) => (name === '-' ? -1 : s.eventfd(name)));
  const request = {
    index,
    start: args['start'] as number,
    count: fds.length,
    flags: DATA.EVENTFD | ACTION.TRIGGER,
    data: fds,
  };
  return { ret: s.machine.vfio.setIrqs(i, request) };
}

/** Operations on passed-through devices. */
export const DEVICE_OPERATIONS: Readonly<Record<string, Operation<Session>>> = {
  device_open: on('the VMM opens the VFIO device; a device of the host gets its driver', {}, (s, i) => ({
    ret: s.machine.vfio.open(i),
  })),
  device_close: on(
    'the VMM closes it (or is killed), or its driver lets go; the function goes on asserting',
    {},
    done((s, i) => s.machine.vfio.close(i)),
  ),
  device_assert: on(
    'the function raises its INTx or wired interrupt',
    {},
    done((s, i) => s.machine.vfio.assert(i)),
  ),
  device_deassert: on(
    'the function drops it, as when a driver has served it',
    {},
    done((s, i) => s.machine.vfio.deassert(i)),
  ),
  device_reset: on(
    'function-level reset',
    {},
    done((s, i) => s.machine.vfio.reset(i)),
  ),
  device_msi: on('the function sends an MSI or MSI-X vector', { vector }, (s, i, args) => {
    s.machine.vfio.msi.raise(i, args['vector'] as number);
    return OK;
  }),
  device_mask_vector: on(
    'the guest masks or unmasks an MSI-X vector in the table',
    { vector, masked: { type: 'bool', doc: 'masked' } },
    (s, i, args) => {
      s.machine.vfio.msi.setMaskBit(i, args['vector'] as number, args['masked'] as boolean);
      return OK;
    },
  ),
  vfio_intx: on(
    'VFIO_DEVICE_SET_IRQS: INTx signals one eventfd, and another unmasks it',
    { trigger: { type: 'name', of: 'an eventfd', doc: 'trigger' }, unmask: eventfd('unmask (the resamplefd of KVM)') },
    enableIntx,
  ),
  vfio_msi: on(
    'VFIO_DEVICE_SET_IRQS: MSI or MSI-X vectors signal eventfds; `-` removes one',
    {
      msix: { type: 'bool', default: true, doc: 'MSI-X instead of MSI' },
      start: { type: 'int', max: 31, default: 0, doc: 'first vector' },
      triggers: { type: 'list', of: { type: 'name', of: 'an eventfd', doc: 'trigger' }, doc: 'one eventfd per vector' },
    },
    setMsi,
  ),
  vfio_set_irqs: on(
    'VFIO_DEVICE_SET_IRQS as it is',
    {
      index: { type: 'int', doc: 'VFIO_PCI_*_IRQ_INDEX' },
      start: { type: 'int', default: 0, doc: 'first' },
      count: { type: 'int', default: 1, doc: 'how many' },
      flags: { type: 'int', doc: 'data type and action' },
      data: { type: 'list', of: { type: 'int', min: -1, doc: 'boolean or fd' }, default: [], doc: 'payload' },
    },
    (s, i, args) => ({ ret: s.machine.vfio.setIrqs(i, args as never) }),
  ),
  guest_command: on(
    'the guest writes the COMMAND register; bit 10 is DisINTx',
    { value: { type: 'int', max: 0xffff, doc: 'value' } },
    (s, i, args) => {
      s.machine.vfio.guestWriteCommand(i, args['value'] as number);
      return OK;
    },
  ),
};
