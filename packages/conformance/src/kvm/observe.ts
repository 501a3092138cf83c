// What KVM_GET_LAPIC, KVM_GET_IRQCHIP and /proc show, in the shape of the recorded vectors.

import type { Json } from '@virq/irq-core/machine';
import { hex } from '../arguments.ts';
import type { Eventfds } from './eventfds.ts';
import { IOCTL } from './ioctls.ts';
import { EVENTS, IOAPIC, IRQCHIP, LAPIC, PIC_FIELDS } from './structs.ts';
import { demand, type Vcpu, type Vm, vectorsOf } from './vm.ts';

const page = new Uint8Array(1024);
const pageView = new DataView(page.buffer);
const chip = new Uint8Array(IRQCHIP.SIZE);
const chipView = new DataView(chip.buffer);
const events = new Uint8Array(EVENTS.SIZE);
const word = new Uint8Array(4);

type Shown = { readonly [field: string]: Json };

/** The LAPIC page of a vCPU, valid until the next call. */
export function lapicPage(vm: Vm, vcpu: Vcpu): DataView {
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_LAPIC, page), 'KVM_GET_LAPIC');
  return pageView;
}

/** One LAPIC. */
export function showLapic(vm: Vm, vcpu: Vcpu): Shown {
  const view = lapicPage(vm, vcpu);
  const registers = Object.entries(LAPIC).map(([name, offset]) => [name, hex(view.getUint32(offset, true))]);
  return {
    irr: vectorsOf(view, 'irr'),
    isr: vectorsOf(view, 'isr'),
    tmr: vectorsOf(view, 'tmr'),
    ...Object.fromEntries(registers),
  };
}

/** KVM_GET_IRQCHIP; a negative errno when it fails. The structure is valid until the next call. */
export function getIrqchip(vm: Vm, id: number): DataView | number {
  chipView.setUint32(0, id, true);
  const ret = vm.kvm.libc.ioctlOn(vm.fd, IOCTL.GET_IRQCHIP, chip);
  return ret < 0 ? ret : chipView;
}

/** One 8259A. */
export const showPic = (view: DataView): Shown =>
  Object.fromEntries(PIC_FIELDS.map((name, i) => [name, view.getUint8(IRQCHIP.CHIP + i)]));

/** Redirection entries by pin. */
export const redirections = (view: DataView): bigint[] =>
  Array.from({ length: IOAPIC.PINS }, (_, pin) => view.getBigUint64(IOAPIC.REDIRECTION + 8 * pin, true));

const RESET_ENTRY = 0x10000n;
const REMOTE_IRR = 0x4000n;

function showIoapic(vm: Vm): Json {
  const view = getIrqchip(vm, 2);
  if (typeof view === 'number') return null;
  const irr = view.getUint32(IOAPIC.IRR, true);
  const entries = [...redirections(view).entries()];
  return {
    base: hex(view.getBigUint64(IOAPIC.BASE, true)),
    sel: view.getUint32(IOAPIC.SELECT, true),
    id: view.getUint32(IOAPIC.ID, true),
    irr: entries.flatMap(([pin]) => (irr & (1 << pin) ? [pin] : [])),
    rirr: entries.flatMap(([pin, e]) => (e & REMOTE_IRR ? [pin] : [])),
    redir: Object.fromEntries(entries.flatMap(([pin, e]) => (e === RESET_ENTRY ? [] : [[String(pin), hex(e)]]))),
  };
}

function showPics(vm: Vm): Json {
  const [master, slave] = [0, 1].map((id) => {
    const view = getIrqchip(vm, id);
    return typeof view === 'number' ? null : showPic(view);
  });
  return { master: master as Json, slave: slave as Json };
}

function showMpState(vm: Vm, vcpu: Vcpu): Json {
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_MP_STATE, word), 'KVM_GET_MP_STATE');
  return word[0] as number;
}

function showEvents(vm: Vm, vcpu: Vcpu): Json {
  demand(vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.GET_VCPU_EVENTS, events), 'KVM_GET_VCPU_EVENTS');
  return { nmi: events[EVENTS.NMI_PENDING] as number, smi: events[EVENTS.SMI_PENDING] as number };
}

const SHOW: Readonly<Record<string, (vm: Vm, eventfds: Eventfds) => Json>> = {
  lapic: (vm) => (vm.args.irqchip === 'none' ? [] : vm.vcpus.map((vcpu) => showLapic(vm, vcpu))),
  ioapic: showIoapic,
  pic: showPics,
  mp: (vm) => vm.vcpus.map((vcpu) => showMpState(vm, vcpu)),
  events: (vm) => vm.vcpus.map((vcpu) => showEvents(vm, vcpu)),
  efd: (_vm, eventfds) => eventfds.counts(),
};

/** The chosen state. */
export const observe = (vm: Vm, eventfds: Eventfds, keys: readonly string[]): Readonly<Record<string, Json>> =>
  Object.fromEntries(keys.map((key) => [key, SHOW[key]?.(vm, eventfds) ?? null]));
