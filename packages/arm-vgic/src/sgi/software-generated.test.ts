// SGIs: who gets them, from whom, and in which group. Sheet 4.2, 8; kvm-unit-tests arm/gic.c ipi.

import { describe, expect, it } from 'vitest';
import { AT, openRegisters } from '../__fixtures__/registers.ts';

/** vCPUs for which an SGI is pending. */
function pendingOn(t: ReturnType<typeof openRegisters>, sgi: number): number[] {
  return Array.from({ length: t.chip.options.vcpus }, (_, vcpu) => vcpu).filter(
    (v) => t.irq(sgi, v).pendingLatch === 1,
  );
}

describe('F-08 GICD_SGIR', () => {
  it.each([
    ['T15 all but self', 0x01000001, 1, [0, 2, 3]],
    ['T16 self', 0x02000001, 1, [1]],
    ['listed, self too, and vCPUs that there are not', 0x00f30001, 1, [0, 1]],
    ['the reserved filter', 0x03000001, 1, []],
    ['nobody', 0x00000001, 1, []],
  ] as const)('%s', (_name, value, sgi, expected) => {
    const t = openRegisters({ vm: { gic: 2, cpus: 4 } });
    t.dist.guestWrite(AT.SGIR, value, 4, 1);
    expect(pendingOn(t, sgi)).toEqual(expected);
    for (const vcpu of expected) expect(t.irq(sgi, vcpu).source).toBe(2);
    expect(t.dist.guest(AT.SGIR)).toBe(0);
  });

  it('targets go by index, the sender by its id', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 3, ids: [0, 5, 1] } });
    t.dist.guestWrite(AT.SGIR, 0x01000002, 4, 1);
    expect([pendingOn(t, 2), t.irq(2, 0).source]).toEqual([[0, 1, 2], 0x20]);
  });

  it('T15 T17 F-08 two senders of one SGI are served one after the other, each with its number', () => {
    const t = openRegisters({ vm: { gic: 2, cpus: 4 } });
    t.op('d', { reg: 'CTLR', value: 1 });
    t.op('cpu_setup', { cpu: 1 });
    for (const cpu of [2, 0]) t.dist.guestWrite(AT.SGIR, 0x00020001, 4, cpu);
    expect(t.irq(1, 1).source).toBe(5);
    const iar = (): unknown => t.op('iar', { cpu: 1, group: 0 }).out?.['x0'];
    expect(iar()).toBe(1);
    t.op('eoir', { cpu: 1, intid: 1, group: 0 });
    expect(iar()).toBe(0x801);
    t.op('eoir', { cpu: 1, intid: 0x801, group: 0 });
    expect(iar()).toBe(1023);
  });
});

describe('F-18 ICC_SGI1R_EL1', () => {
  const send = (t: ReturnType<typeof openRegisters>, from: number, value: bigint, register = 'ICC_SGI1R_EL1') =>
    t.chip.registers.sendSgi(from, register as 'ICC_SGI1R_EL1', {
      lo: Number(value & 0xffffffffn),
      hi: Number(value >> 32n),
    });

  it.each([
    ['T18 all others', 0x10001000000n, 1, [0, 2, 3]],
    ['TargetList', 0x0300000an, 3, [1, 3]],
    ['an affinity that nobody has', 0x03010001n, 3, []],
    ['Aff2 and Aff3', 0x0001000103000001n, 3, []],
    ['the range selector is not looked at', 0x0000f00003000004n, 3, [2]],
  ] as const)('%s', (_name, value, sgi, expected) => {
    const t = openRegisters({ vm: { cpus: 4 } });
    send(t, 1, value);
    expect(pendingOn(t, sgi)).toEqual(expected);
  });

  it('Aff1 chooses among vCPUs of the same Aff0', () => {
    const t = openRegisters({ vm: { cpus: 34 } });
    send(t, 0, 0x0500_0000n | (1n << 16n) | 0x8001n);
    expect(pendingOn(t, 5)).toEqual([16, 31]);
    send(t, 0, 0x0600_0000n | (2n << 16n) | 0xffffn);
    expect(pendingOn(t, 6)).toEqual([32, 33]);
  });

  it('6.1 leaves out the vCPU whose index is the id of the sender', () => {
    for (const [vgic, expected] of [
      ['6.1', [0, 1]],
      ['6.12', [0, 2]],
    ] as const) {
      const t = openRegisters({ vm: { cpus: 3, ids: [0, 2, 1], vgic } });
      send(t, 1, 0x10001000000n);
      expect([vgic, pendingOn(t, 1)]).toEqual([vgic, expected]);
    }
  });

  it.each([
    ['ICC_SGI1R_EL1', 0, 1],
    ['ICC_SGI1R_EL1', 1, 1],
    ['ICC_ASGI1R_EL1', 0, 1],
    ['ICC_ASGI1R_EL1', 1, 0],
    ['ICC_SGI0R_EL1', 0, 1],
    ['ICC_SGI0R_EL1', 1, 0],
  ] as const)('F-18 %s and an SGI of group %d', (register, group, expected) => {
    const t = openRegisters();
    t.irq(7, 1).group = group;
    send(t, 0, 0x07000002n, register);
    expect(t.irq(7, 1).pendingLatch).toBe(expected);
  });

  it("an SGI that is the hardware's is made pending there", () => {
    const t = openRegisters();
    const phys = t.map(t.irq(7, 1), 3);
    send(t, 0, 0x07000002n);
    expect([t.irq(7, 1).pendingLatch, phys.pending, t.listed(1)]).toEqual([0, 1, []]);
  });
});
