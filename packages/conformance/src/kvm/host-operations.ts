// Operations of user space: routing, lines, messages, irqfds, save and restore, MSRs. Words and defaults as in the model's vocabulary.

import { EINVAL } from '@virq/irq-core/errors';
import type { Json } from '@virq/irq-core/machine';
import { flag, hex, num, numbers, objects, u64 } from '../arguments.ts';
import type { Op } from '../oracle.ts';
import { IOCTL } from './ioctls.ts';
import { getIrqchip, lapicPage, redirections, showLapic, showPic } from './observe.ts';
import type { Answer, Run, Session } from './session.ts';
import { IOAPIC, IRQCHIP, LAPIC, PIC_FIELDS, ROUTE_SIZE } from './structs.ts';
import { createIrqchip, enableSplit, setVectors, type Vcpu } from './vm.ts';

const CHIPS: Readonly<Record<string, number>> = { pic_master: 0, pic_slave: 1, ioapic: 2 };
const TYPES: Readonly<Record<string, number>> = { irqchip: 1, msi: 2 };
const IRQFD = { DEASSIGN: 1, RESAMPLE: 2 };

const named = (table: Readonly<Record<string, number>>, value: Json | undefined): number =>
  typeof value === 'string' && Object.hasOwn(table, value) ? (table[value] as number) : Number(value ?? 0);
const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const struct = (size: number): DataView => new DataView(new ArrayBuffer(size));

/** Writes 32-bit words one after the other. */
function words(view: DataView, at: number, values: readonly number[]): DataView {
  for (const [i, value] of values.entries()) view.setUint32(at + 4 * i, value >>> 0, true);
  return view;
}

function writeRoute(view: DataView, at: number, e: Readonly<Record<string, Json>>): void {
  const type = named(TYPES, e['type']);
  words(view, at, [num(e, 'gsi'), type, num(e, 'flags'), 0]);
  const body =
    type === TYPES['msi']
      ? [num(e, 'address_lo'), num(e, 'address_hi'), num(e, 'data'), num(e, 'devid')]
      : [named(CHIPS, e['chip']), num(e, 'pin')];
  words(view, at + 16, body);
}

function setGsiRouting(s: Session, op: Op): Answer {
  const entries = objects(op, 'entries');
  const view = words(struct(8 + entries.length * ROUTE_SIZE), 0, [entries.length, num(op, 'flags')]);
  for (const [i, e] of entries.entries()) writeRoute(view, 8 + i * ROUTE_SIZE, e);
  return { ret: s.vm.kvm.libc.ioctlOn(s.vm.fd, IOCTL.SET_GSI_ROUTING, bytesOf(view)) };
}

function irqLine(s: Session, op: Op): Answer {
  const view = words(struct(8), 0, [num(op, 'gsi'), num(op, 'level')]);
  const wantsStatus = flag(op, 'status', true);
  const request = wantsStatus ? IOCTL.IRQ_LINE_STATUS : IOCTL.IRQ_LINE;
  const ret = s.vm.kvm.libc.ioctlOn(s.vm.fd, request, bytesOf(view));
  return ret < 0 ? { ret } : { ret, out: { status: wantsStatus ? view.getInt32(0, true) : null } };
}

function signalMsi(s: Session, op: Op): Answer {
  const fields = ['address_lo', 'address_hi', 'data', 'flags', 'devid'].map((key) => num(op, key));
  return { ret: s.vm.kvm.libc.ioctlOn(s.vm.fd, IOCTL.SIGNAL_MSI, bytesOf(words(struct(32), 0, fields))) };
}

function irqfd(s: Session, op: Op): Answer {
  const { eventfds } = s;
  const resample = op['resample'] as string | undefined;
  const deassign = flag(op, 'deassign', false) ? IRQFD.DEASSIGN : 0;
  const flags = num(op, 'flags') | deassign | (resample === undefined ? 0 : IRQFD.RESAMPLE);
  const fd = eventfds.fd(op['name'] as string);
  const view = words(struct(32), 0, [fd, num(op, 'gsi'), flags, resample === undefined ? 0 : eventfds.fd(resample)]);
  const ret = s.vm.kvm.libc.ioctlOn(s.vm.fd, IOCTL.IRQFD, bytesOf(view));
  if (ret >= 0 && (flags & IRQFD.DEASSIGN) === 0) {
    s.bound.add(op['name'] as string);
    if (resample !== undefined) s.resamplers.add(resample);
  }
  return { ret };
}

function irqchipGet(s: Session, op: Op): Answer {
  const id = num(op, 'chip');
  const view = getIrqchip(s.vm, id);
  if (typeof view === 'number') return { ret: view };
  if (id !== 2) return { ret: 0, out: showPic(view) };
  const out = {
    base: hex(view.getBigUint64(IOAPIC.BASE, true)),
    sel: view.getUint32(IOAPIC.SELECT, true),
    id: view.getUint32(IOAPIC.ID, true),
    irr: hex(view.getUint32(IOAPIC.IRR, true)),
    redir: redirections(view).map(hex),
  };
  return { ret: 0, out };
}

function ioapicSet(s: Session, op: Op): Answer {
  const view = getIrqchip(s.vm, 2);
  if (typeof view === 'number') return { ret: view };
  const irr = numbers(op, 'irr');
  if (irr !== undefined) view.setUint32(IOAPIC.IRR, irr.reduce((mask, pin) => mask | (1 << pin), 0) >>> 0, true);
  if (op['id'] !== undefined) view.setUint32(IOAPIC.ID, num(op, 'id'), true);
  if (op['sel'] !== undefined) view.setUint32(IOAPIC.SELECT, num(op, 'sel'), true);
  for (const e of objects(op, 'redir'))
    view.setBigUint64(IOAPIC.REDIRECTION + 8 * num(e, 'pin'), u64(e['value']), true);
  return { ret: s.vm.kvm.libc.ioctlOn(s.vm.fd, IOCTL.SET_IRQCHIP, bytesOf(view)) };
}

function picSet(s: Session, op: Op): Answer {
  const id = num(op, 'chip');
  if (id > 1) return { ret: s.vm.args.irqchip === 'kernel' ? -EINVAL : (getIrqchip(s.vm, 0) as number) };
  const view = getIrqchip(s.vm, id);
  if (typeof view === 'number') return { ret: view };
  for (const [i, name] of PIC_FIELDS.entries())
    if (op[name] !== undefined) view.setUint8(IRQCHIP.CHIP + i, num(op, name));
  return { ret: s.vm.kvm.libc.ioctlOn(s.vm.fd, IOCTL.SET_IRQCHIP, bytesOf(view)) };
}

const onVcpu =
  (run: (s: Session, vcpu: Vcpu, op: Op) => Answer): Run =>
  (s, op) => {
    const vcpu = s.vm.vcpus[num(op, 'vcpu')];
    return vcpu === undefined ? { ret: -EINVAL } : run(s, vcpu, op);
  };

function lapicSet(s: Session, vcpu: Vcpu, op: Op): Answer {
  if (s.vm.args.irqchip === 'none') return { ret: -EINVAL };
  const page = lapicPage(s.vm, vcpu);
  for (const [name, offset] of Object.entries(LAPIC))
    if (op[name] !== undefined) page.setUint32(offset, num(op, name), true);
  for (const bitmap of ['irr', 'isr', 'tmr'] as const) {
    const vectors = numbers(op, bitmap);
    if (vectors !== undefined) setVectors(page, bitmap, vectors);
  }
  return { ret: s.vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.SET_LAPIC, bytesOf(page)) };
}

/** struct kvm_msrs with one entry. */
function oneMsr(msr: number, value: bigint): DataView {
  const view = words(struct(24), 0, [1, 0, msr, 0]);
  view.setBigUint64(16, value, true);
  return view;
}

/** KVM_SET_MSRS of one MSR: 1 when it was set. */
export const setMsr = (s: Session, vcpu: Vcpu, msr: number, value: bigint): number =>
  s.vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.SET_MSRS, bytesOf(oneMsr(msr, value)));

/** KVM_GET_MSRS of one MSR; null when it was refused. */
export function getMsr(s: Session, vcpu: Vcpu, msr: number): bigint | null {
  const view = oneMsr(msr, 0n);
  return s.vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_MSRS, bytesOf(view)) === 1 ? view.getBigUint64(16, true) : null;
}

function getMsrOperation(s: Session, vcpu: Vcpu, op: Op): Answer {
  const value = getMsr(s, vcpu, num(op, 'msr'));
  return value === null ? { ret: 0 } : { ret: 1, out: { value: hex(value) } };
}

const onWord = (request: number, key: string): Run =>
  onVcpu((s, vcpu, op) => ({
    ret: s.vm.kvm.libc.ioctlOn(vcpu.fd, request, bytesOf(words(struct(4), 0, [num(op, key)]))),
  }));

/** Host operations by name. */
export const HOST_OPERATIONS: Readonly<Record<string, Run>> = {
  create_irqchip: (s) => ({ ret: createIrqchip(s.vm.kvm.libc, s.vm.fd) }),
  enable_split: (s, op) => ({ ret: enableSplit(s.vm.kvm, s.vm.fd, num(op, 'pins')) }),
  set_gsi_routing: setGsiRouting,
  irq_line: irqLine,
  signal_msi: signalMsi,
  irqfd,
  eventfd(s, op) {
    const name = op['name'] as string;
    s.eventfds.fd(name);
    return { ret: num(op, 'initial') > 0 ? s.eventfds.write(name, num(op, 'initial')) : 0 };
  },
  efd_write: (s, op) => ({ ret: s.eventfds.write(op['name'] as string, num(op, 'n', 1)) }),
  efd_read(s, op) {
    const count = s.eventfds.read(op['name'] as string);
    return count < 0 ? { ret: count } : { ret: 0, out: { count } };
  },
  efd_close: (s, op) => ({ ret: s.eventfds.close(op['name'] as string) }),
  observe(s, op) {
    s.observed = op['what'] as unknown as string[];
    return { ret: 0 };
  },
  irqchip_get: irqchipGet,
  ioapic_set: ioapicSet,
  pic_set: picSet,
  lapic_set: onVcpu(lapicSet),
  lapic_get: onVcpu((s, vcpu) =>
    s.vm.args.irqchip === 'none' ? { ret: -EINVAL } : { ret: 0, out: showLapic(s.vm, vcpu) },
  ),
  set_msr: onVcpu((s, vcpu, op) => ({ ret: setMsr(s, vcpu, num(op, 'msr'), u64(op['value'])) })),
  get_msr: onVcpu(getMsrOperation),
  set_mp_state: onWord(IOCTL.SET_MP_STATE, 'state'),
  interrupt: onWord(IOCTL.INTERRUPT, 'vector'),
  nmi: onVcpu((s, vcpu) => ({ ret: s.vm.kvm.libc.ioctl(vcpu.fd, IOCTL.NMI, 0) })),
};
