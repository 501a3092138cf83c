// The state of an interrupt source and of its presenter are saved on one host and restored on another, in either order.
// Linux: arch/powerpc/kvm/book3s_xics.c xics_get_source, xics_set_source, kvmppc_xics_get_icp, kvmppc_xics_set_icp; QEMU: hw/intc/xics_kvm.c.
//
// Abstraction: one MSI source, one server; presenting and parking are one step (xics-resend has the steps between them), and so is each ioctl.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const [PRIORITY, LEAST_FAVOURED] = [5, 0xff];

/** struct ics_irq_state of the source, and the ICP; a new ICP has CPPR 0. `sent` and `handled` count, `serving`: the guest handles it. */
const Xics = struct('xics', {
  p: u1,
  q: u1,
  resend: u1,
  cppr: u8,
  xisr: u1,
  pendingPri: u8,
  needResend: u1,
  serving: u1,
  sent: u8,
  handled: u8,
  owed: u1,
});
/** What travels: KVM_XICS_PRESENTED, _QUEUED, _PENDING and the ICP's register. `stopped`: the vCPUs and devices do not run; `moved`: the other host has them. */
const Stream = struct('stream', {
  presented: u1,
  queued: u1,
  pending: u1,
  cppr: u8,
  xisr: u1,
  pendingPri: u8,
  stopped: u1,
  moved: u1,
});

/** One source, one presenter, and a migration stream. */
export interface XicsMigrate {
  readonly xics: ViewOf<typeof Xics>;
  readonly stream: ViewOf<typeof Stream>;
}

const { protocol } = protocolsOn<XicsMigrate>();
const { always, quiescent, sometimes } = propertiesOn<XicsMigrate>();

/** icp_deliver_irq: presents or parks. */
function deliver(x: XicsMigrate['xics']): void {
  const takes = x.cppr > PRIORITY && x.pendingPri > PRIORITY;
  if (takes) Object.assign(x, { xisr: 1, pendingPri: PRIORITY, resend: 0 });
  else Object.assign(x, { resend: 1, needResend: 1 });
}

/** icp_down_cppr: accepts everything again, and sends what is parked. */
function openPriority(x: XicsMigrate['xics']): void {
  const search = x.needResend === 1;
  Object.assign(x, { cppr: LEAST_FAVOURED, needResend: 0 });
  if (search && x.resend === 1) deliver(x);
}

/** ics_deliver_irq: a device's MSI, `left` times. */
export const sendMsi = protocol('ics_deliver_irq', { left: u8 }, () => ({
  trigger({ xics, stream }, f) {
    if (f.left === 0) return DONE;
    if (stream.stopped === 1) return BLOCKED;
    f.left--;
    Object.assign(xics, { sent: xics.sent + 1, owed: 1 });
    if (xics.p === 1) xics.q = 1;
    else {
      xics.p = 1;
      deliver(xics);
    }
    return 'trigger';
  },
}));

/** A vCPU that takes the interrupt and ends it, and `masks` times shuts everything out for a while. It can be stopped at every step. */
export const guestCpu = protocol('H_XIRR, H_EOI, H_CPPR', { masks: u8 }, (p) => ({
  wait: p.idle(
    p.choose(2, ({ xics, stream }, f, _self, choice) => {
      if (stream.stopped === 1) return BLOCKED;
      if (choice === 0) return xics.xisr === 0 ? BLOCKED : 'accept';
      if (f.masks === 0 || xics.xisr === 1) return BLOCKED;
      f.masks--;
      xics.cppr = 0;
      return 'open';
    }),
  ),
  accept({ xics, stream }) {
    if (stream.stopped === 1) return BLOCKED;
    Object.assign(xics, { cppr: xics.pendingPri, pendingPri: LEAST_FAVOURED, xisr: 0, serving: 1, owed: 0 });
    return undefined;
  },
  eoi({ xics, stream }) {
    if (stream.stopped === 1) return BLOCKED;
    Object.assign(xics, { handled: xics.handled + 1, serving: 0 });
    openPriority(xics);
    Object.assign(xics, { p: xics.q, q: 0 });
    if (xics.p === 1) deliver(xics);
    return 'wait';
  },
  open({ xics, stream }) {
    if (stream.stopped === 1) return BLOCKED;
    openPriority(xics);
    return 'wait';
  },
}));

/** KVM_GET_DEVICE_ATTR of the source: P and Q travel (17d48610ae0f), and whether it is parked. */
function getSource({ xics, stream }: XicsMigrate): void {
  Object.assign(stream, { presented: xics.p, queued: xics.q, pending: xics.resend });
}

/** KVM_GET_ONE_REG of the ICP. */
export function getIcp({ xics, stream }: XicsMigrate): void {
  Object.assign(stream, { cppr: xics.cppr, xisr: xics.xisr, pendingPri: xics.pendingPri });
}

/** KVM_SET_DEVICE_ATTR of the source: PENDING means P as well, for streams that do not know P. */
function setSource({ xics, stream }: XicsMigrate): void {
  Object.assign(xics, { p: stream.presented | stream.pending, q: stream.queued, resend: 0 });
  if (stream.pending === 1) deliver(xics);
}

/** KVM_SET_ONE_REG of the ICP: need_resend is not in the register and stays as it is. */
function setIcp({ xics, stream }: XicsMigrate): void {
  Object.assign(xics, { cppr: stream.cppr, xisr: stream.xisr, pendingPri: stream.pendingPri });
}

/** User space moves the VM; the other host's devices are restored in either order. */
export const migrate = protocol('migration', { icpFirst: u1 }, (p) => ({
  stop: p.choose(2, ({ stream }, f, _self, choice) => {
    stream.stopped = 1;
    f.icpFirst = choice;
  }),
  save(m) {
    getSource(m);
    getIcp(m);
  },
  newHost({ xics }, f) {
    Object.assign(xics, { p: 0, q: 0, resend: 0, cppr: 0, xisr: 0, pendingPri: LEAST_FAVOURED, needResend: 0 });
    return f.icpFirst === 1 ? 'setIcp' : undefined;
  },
  setSource(m, f) {
    setSource(m);
    return f.icpFirst === 1 ? 'start' : undefined;
  },
  setIcp(m, f) {
    setIcp(m);
    return f.icpFirst === 1 ? 'setSource' : undefined;
  },
  start({ stream }) {
    Object.assign(stream, { stopped: 0, moved: 1 });
  },
}));

/** A VM with an interrupt under way is migrated. */
export const xicsMigrate = defineFamily({
  name: 'xics-migrate',
  summary: 'XICS: a VM is migrated with an interrupt pending, in service, queued or parked',
  scope: {
    msis: { says: 'MSIs of the device', default: 2, min: 1, max: 3 },
    masks: { says: 'times the vCPU shuts interrupts out', default: 1, min: 0, max: 2 },
  },
  build: ({ msis, masks }) =>
    defineModel({
      name: 'xics-migrate',
      layout: { xics: Xics, stream: Stream },
      processes: 3,
      protocols: [sendMsi, guestCpu, migrate],
      machine: (root): XicsMigrate => root,
      start(m, spawn) {
        Object.assign(m.xics, { cppr: LEAST_FAVOURED, pendingPri: LEAST_FAVOURED });
        spawn(sendMsi, { left: msis });
        spawn(guestCpu, { masks });
        spawn(migrate);
      },
      properties: [
        quiescent('an MSI is followed by the handler', ({ xics }) => xics.owed === 0, {
          consequence: 'the device waits for an interrupt that was lost over migration',
        }),
        always(
          'an interrupt is not presented while it is being handled',
          ({ xics }) => xics.serving === 0 || xics.xisr === 0,
          {
            consequence: 'the handler is interrupted by itself',
          },
        ),
        always('no interrupt is handled more often than it was sent', ({ xics }) => xics.handled <= xics.sent),
        quiescent('no source is left presented', ({ xics }) => xics.p === 0 && xics.q === 0),
        sometimes(
          'it is in service when the VM is stopped',
          ({ xics, stream }) => xics.serving === 1 && stream.stopped === 1,
        ),
        sometimes('Q travels', ({ stream }) => msis === 1 || stream.queued === 1),
        sometimes('a parked interrupt travels', ({ stream }) => masks === 0 || stream.pending === 1),
        sometimes('it is handled on the other host', ({ xics, stream }) => stream.moved === 1 && xics.handled === msis),
      ],
    }),
});
