// A vCPU takes an interrupt from the 8259 while a device raises another line, and the ack of the first one calls back. Linux: arch/x86/kvm/i8259.c kvm_pic_set_irq, kvm_pic_read_irq, pic_clear_isr.
//
// Abstraction: one chip, two edge-triggered lines, automatic EOI, no masks and no rotation. IRR is loaded and stored as C code does it, not atomically.

import { struct, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const LINES = 2;
/** pics->lock, IRR, ISR. `taken` is the set of lines that the vCPU has taken, `acked` of those whose notifier was called. */
const Pic = struct('pic', { picLock: lock, irr: u8, isr: u8, taken: u8, acked: u8 });

/** One 8259. */
export interface PicLock {
  readonly pic: ViewOf<typeof Pic>;
}

const { protocol } = protocolsOn<PicLock>();
const { quiescent, sometimes } = propertiesOn<PicLock>();

/** kvm_pic_set_irq: an edge of one line. */
export const setPicIrq = protocol('kvm_pic_set_irq', { line: u8, irr: u8 }, (p) => ({
  ...p.spinlocked('pic', (m) => m.pic.picLock, {
    loadIrr(m, f) {
      f.irr = m.pic.irr;
    },
    storeIrr(m, f) {
      m.pic.irr = f.irr | (1 << f.line);
    },
  }),
}));

/** The ack notifier of a line, which may use the chip: a resampler lowers the line, so it takes the lock itself. */
const notifyAck = protocol('kvm_notify_acked_irq', { line: u8, irr: u8 }, (p) => ({
  ...p.spinlocked('pic (notifier)', (m) => m.pic.picLock, {
    lower(m, f) {
      m.pic.acked |= 1 << f.line;
    },
  }),
}));

/** kvm_pic_read_irq, the vCPU's INTA: the lowest line of IRR goes to ISR, under the lock (3f353858c98d); with automatic EOI it is acked, with the lock dropped. */
export const readPicIrq = protocol('kvm_pic_read_irq', { line: u8, irr: u8 }, (p) => ({
  wait: p.idle((m) => (m.pic.irr === 0 ? BLOCKED : undefined)),
  ...p.spinlocked('pic', (m) => m.pic.picLock, {
    loadIrr(m, f) {
      f.irr = m.pic.irr;
      f.line = (f.irr & 1) === 1 ? 0 : 1;
    },
    storeIrr(m, f) {
      m.pic.irr = f.irr & ~(1 << f.line);
      m.pic.isr |= 1 << f.line;
    },
    clearIsr(m, f) {
      m.pic.isr &= ~(1 << f.line);
      m.pic.taken |= 1 << f.line;
    },
  }),
  ...p.include('notify', notifyAck),
  again(_m, f) {
    Object.assign(f, { line: 0, irr: 0 });
    return 'wait';
  },
}));

/** Two devices and a vCPU use one 8259. */
export const picLock = defineFamily({
  name: 'pic-lock',
  summary: '8259: a vCPU takes an interrupt while devices raise lines, and the ack calls back',
  scope: {},
  build: () =>
    defineModel({
      name: 'pic-lock',
      layout: { pic: Pic },
      processes: 1 + LINES,
      protocols: [setPicIrq, readPicIrq],
      machine: (root): PicLock => root,
      start(_m, spawn) {
        for (let line = 0; line < LINES; line++) spawn(setPicIrq, { line });
        spawn(readPicIrq);
      },
      properties: [
        quiescent('every interrupt that was taken is acked', (m) => m.pic.acked === m.pic.taken, {
          consequence: 'a CPU spins for ever with interrupts off',
        }),
        quiescent('every edge is taken', (m) => m.pic.taken === (1 << LINES) - 1, {
          consequence: 'an interrupt is lost, and its device waits for it',
        }),
        quiescent('no line stays in service', (m) => m.pic.isr === 0),
        sometimes('both lines are pending', (m) => m.pic.irr === 3),
      ],
    }),
});
