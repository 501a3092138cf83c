// What the guest sees of the pair at ports 0x20/0x21, 0xa0/0xa1 and 0x4d0/0x4d1. Intel 8259A data sheet; Linux: i8259.c picdev_read/write.

import type { Context } from './context.ts';
import type { PicChip } from './layout.ts';
import type { PicPair } from './pic.ts';
import { priorityOf, requestOf } from './pic-priority.ts';

/** Port → chip index and register. */
const PORTS: Readonly<Record<number, readonly [number, 'command' | 'data' | 'elcr']>> = {
  32: [0, 'command'],
  33: [0, 'data'],
  160: [1, 'command'],
  161: [1, 'data'],
  1232: [0, 'elcr'],
  1233: [1, 'elcr'],
};

/** Guest port accesses; false or null if the port is not the pair's. Two-byte accesses are ignored (reads give 0). */
export interface PicPorts {
  write(port: number, size: number, value: number): boolean;
  read(port: number, size: number): number | null;
}

/** OCW2, bits 7:5. */
const OCW2 = {
  ROTATE_AEOI_CLEAR: 0,
  EOI: 1,
  NOP: 2,
  SPECIFIC_EOI: 3,
  ROTATE_AEOI_SET: 4,
  ROTATE_EOI: 5,
  SET_PRIORITY: 6,
  ROTATE_SPECIFIC_EOI: 7,
} as const;

/** Creates the port side over the pair. */
export function createPicPorts(ctx: Context, pic: PicPair): PicPorts {
  /** kvm_pic_reset, by ICW1. A pending edge that is dropped is acknowledged, if some vCPU takes PIC interrupts. */
  function initialize(index: number, icw1: number): void {
    const c = pic.chip(index);
    c.init4 = icw1 & 1;
    const dropped = c.irr & ~c.elcr;
    c.lastIrr = 0;
    c.irr &= c.elcr;
    c.imr = 0;
    c.priorityAdd = 0;
    c.specialMask = 0;
    c.readRegSelect = 0;
    if (c.init4 === 0) c.specialFullyNestedMode = c.autoEoi = 0;
    c.initState = 1;
    if (pic.acceptor() < 0) return;
    for (let irq = 0; irq < 8; irq++) if (dropped & (1 << irq)) pic.clearIsr(index, irq);
  }

  function ocw3(c: PicChip, value: number): void {
    if (value & 4) c.poll = 1;
    if (value & 2) c.readRegSelect = value & 1;
    if (value & 0x40) c.specialMask = (value >> 5) & 1;
  }

  function endOfInterrupt(index: number, irq: number, rotate: boolean): void {
    const c = pic.chip(index);
    if (rotate) c.priorityAdd = (irq + 1) & 7;
    pic.clearIsr(index, irq);
    pic.update();
  }

  function ocw2(index: number, value: number): void {
    const c = pic.chip(index);
    const cmd = value >> 5;
    const rotate = cmd === OCW2.ROTATE_EOI || cmd === OCW2.ROTATE_SPECIFIC_EOI;
    if (cmd === OCW2.ROTATE_AEOI_CLEAR || cmd === OCW2.ROTATE_AEOI_SET) c.rotateOnAutoEoi = cmd >> 2;
    else if (cmd === OCW2.EOI || cmd === OCW2.ROTATE_EOI) {
      const priority = priorityOf(c, c.isr);
      if (priority !== 8) endOfInterrupt(index, (priority + c.priorityAdd) & 7, rotate);
    } else if (cmd === OCW2.SPECIFIC_EOI || cmd === OCW2.ROTATE_SPECIFIC_EOI) endOfInterrupt(index, value & 7, rotate);
    else if (cmd === OCW2.SET_PRIORITY) {
      c.priorityAdd = (value + 1) & 7;
      pic.update();
    }
  }

  function command(index: number, value: number): void {
    if (value & 0x10) initialize(index, value);
    else if (value & 0x08) ocw3(pic.chip(index), value);
    else ocw2(index, value);
  }

  function mask(index: number, value: number): void {
    const c = pic.chip(index);
    const changed = c.imr ^ value;
    c.imr = value;
    for (let irq = 0; irq < 8; irq++)
      if (changed & (1 << irq)) ctx.kvm.fireMaskNotifiers(index, index * 8 + irq, (value >> irq) & 1);
    pic.update();
  }

  /** The data port: OCW1, or ICW2..ICW4 while initialising. */
  const DATA: readonly ((index: number, c: PicChip, value: number) => void)[] = [
    (index, _c, value) => mask(index, value),
    (_index, c, value) => {
      c.irqBase = value & 0xf8;
      c.initState = 2;
    },
    (_index, c) => {
      c.initState = c.init4 === 1 ? 3 : 0;
    },
    (_index, c, value) => {
      c.specialFullyNestedMode = (value >> 4) & 1;
      c.autoEoi = (value >> 1) & 1;
      c.initState = 0;
    },
  ];

  /** pic_poll_read: the poll command acknowledges. Linux: before 6.5 bit 7 of the answer stayed clear. */
  function poll(index: number): number {
    const c = pic.chip(index);
    const irq = requestOf(c, index === 0);
    if (irq < 0) {
      pic.update();
      return 7;
    }
    if (index === 1) {
      pic.chip(0).isr &= ~(1 << 2);
      pic.chip(0).irr &= ~(1 << 2);
    }
    c.irr &= ~(1 << irq);
    pic.clearIsr(index, irq);
    if (index === 1 || irq !== 2) pic.update();
    return ctx.profile.pollSetsBit7 ? irq | 0x80 : irq;
  }

  function readChip(index: number, register: 'command' | 'data'): number {
    const c = pic.chip(index);
    if (c.poll === 1) {
      c.poll = 0;
      return poll(index);
    }
    if (register === 'data') return c.imr;
    return c.readRegSelect === 1 ? c.isr : c.irr;
  }

  /** Linux: each pair of ports is one region of two bytes; an access that reaches beyond it goes to user space. */
  const decode = (port: number, size: number) => ((port & 1) + size > 2 ? undefined : PORTS[port]);

  return {
    write(port, size, value) {
      const at = decode(port, size);
      if (at === undefined) return false;
      const [index, register] = at;
      const c = pic.chip(index);
      if (size !== 1) return true;
      if (register === 'command') command(index, value);
      else if (register === 'data') DATA[c.initState]?.(index, c, value);
      else c.elcr = value & c.elcrMask;
      return true;
    },
    read(port, size) {
      const at = decode(port, size);
      if (at === undefined) return null;
      if (size !== 1) return 0;
      return at[1] === 'elcr' ? pic.chip(at[0]).elcr : readChip(at[0], at[1]);
    },
  };
}
