// SGIs of GICv4.1: state goes over to the hardware and comes back, and registers mean the hardware's state meanwhile. Row F-59; notes of vgic-v4.c vgic_v4_enable_vsgis, vgic_v4_disable_vsgis.

import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { AT, openRegisters, SGI } from '../__fixtures__/registers.ts';
import { acknowledge, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { DIRECT } from '../cpuif/priorities.ts';
import type { Gicv4 } from '../host/gicv4.ts';
import { VGIC_VERSIONS, type VgicVersion } from '../kernel.ts';
import { GRP } from '../kvm/codes.ts';

/** GICD_CTLR. */
const [GRP1, NASSGIREQ] = [1 << 1, 1 << 8];
/** GICD_TYPER2.nASSGIcap. */
const NASSGICAP = 1 << 8;
/** ICC_SGI1R_EL1: INTID 4 to Aff0 1. */
const SGI4_TO_1 = { lo: (4 << 24) | (1 << 1), hi: 0 };
const TARGET = 1;

function setUp(vgic: VgicVersion = '7.3', gic = 'v4.1') {
  const t = openRegisters({ kernel: '6.18', vm: { vgic, its: true, its_setup: false }, host: { gic } });
  const { chip } = t;
  for (let vcpu = 0; vcpu < 2; vcpu++)
    Object.assign(chip.state.interfaces.at(vcpu).vmcr, { enable1: 1, pmr: 0xf8, bpr0: 2, bpr1: 3 });
  const gicv4 = chip.context.host.gicv4 as Gicv4;
  return {
    ...t,
    gicv4,
    sgi: (intid = 4) => t.irq(intid, TARGET),
    /** What the hardware knows of an SGI of vCPU 1. */
    below(intid = 4) {
      const { enabled, group, priority, pending } = gicv4.vpes.at(gicv4.indexOf(0, TARGET)).sgis.at(intid);
      return { enabled, group, priority, pending };
    },
    ctlr: (value: number) => t.dist.guestWrite(AT.CTLR, value),
    send: () => chip.registers.sendSgi(0, 'ICC_SGI1R_EL1', SGI4_TO_1),
    bits: (at: number) => t.redist(TARGET).guest(SGI + at),
    write: (at: number, value: number) => t.redist(TARGET).guestWrite(SGI + at, value),
    /** What IAR of vCPU 1 reads. */
    take() {
      const c = chip.state.interfaces.at(TARGET);
      const n = acknowledge(c, 1);
      const intid = intidOf(c, n);
      if (n === DIRECT) chip.v4.activated(TARGET);
      if (n >= 0) endOfInterrupt(c, { group: 1, intid }, () => undefined);
      return intid;
    },
  };
}

/** SGI 4 of vCPU 1: group 1, priority 0x50, on. */
function configured(vgic?: VgicVersion) {
  const s = setUp(vgic);
  s.write(AT.IGROUPR, 0xffff);
  s.write(AT.IPRIORITYR + 4, 0x50);
  s.write(AT.ISENABLER, 1 << 4);
  return s;
}

describe.each(VGIC_VERSIONS)('F-59 SGIs of the hardware (%s)', (vgic) => {
  it('F-59 nASSGIreq moves enable, group, priority and pending state of every SGI to the vPEs', () => {
    const s = configured(vgic);
    s.send();
    expect([s.sgi().hw, s.sgi().pendingLatch, s.below().pending]).toEqual([0, 1, 0]);
    s.ctlr(GRP1 | NASSGIREQ);
    expect(s.dist.guest(AT.CTLR) & NASSGIREQ).toBe(NASSGIREQ);
    expect([s.sgi().hw, s.sgi().pendingLatch]).toEqual([1, 0]);
    expect(s.below()).toEqual({ enabled: 1, group: 1, priority: 0x50, pending: 1 });
    expect(Array.from({ length: 16 }, (_, n) => s.irq(n, 0).hw + s.irq(n, 1).hw)).toEqual(Array(16).fill(2));
    expect(s.irq(16, TARGET).hw).toBe(0);
  });

  it('F-59 an SGI to a resident vPE is taken without a list, a list register or a kick', () => {
    const s = configured(vgic);
    s.ctlr(GRP1 | NASSGIREQ);
    s.chip.v4.load(TARGET);
    s.events();
    s.send();
    expect([s.listed(TARGET), s.chip.state.interfaces.at(TARGET).used, s.events()]).toEqual([[], 0, []]);
    expect([s.take(), s.take(), s.below().pending]).toEqual([4, 1023, 0]);
  });

  it('F-59 one that comes while the vCPU blocks rings its doorbell', () => {
    const s = configured(vgic);
    s.ctlr(GRP1 | NASSGIREQ);
    s.chip.v4.load(TARGET);
    s.chip.v4.put(TARGET, true);
    const { vcpus } = s.chip.context.kvm;
    vcpus.block(TARGET);
    expect(s.chip.vcpus.isPending(TARGET)).toBe(false);
    s.send();
    s.session.machine.settle();
    expect([s.chip.vcpus.isPending(TARGET), vcpus.isBlocking(TARGET)]).toEqual([true, false]);
    s.chip.v4.load(TARGET);
    expect(s.take()).toBe(4);
  });

  it('F-59 ISPENDR and ICPENDR read and write the pending state of the hardware', () => {
    const s = configured(vgic);
    s.ctlr(GRP1 | NASSGIREQ);
    s.write(AT.ISPENDR, 1 << 4);
    expect([s.below().pending, s.sgi().pendingLatch, s.bits(AT.ISPENDR)]).toEqual([1, 0, 1 << 4]);
    s.write(AT.ICPENDR, 1 << 4);
    expect([s.below().pending, s.bits(AT.ISPENDR)]).toEqual([0, 0]);
  });

  it('F-59 ISENABLER, ICENABLER, IPRIORITYR and IGROUPR configure the hardware', () => {
    const s = configured(vgic);
    s.ctlr(GRP1 | NASSGIREQ);
    s.chip.v4.load(TARGET);
    s.write(AT.ICENABLER, 1 << 4);
    s.send();
    expect([s.below().enabled, s.take()]).toEqual([0, 1023]);
    s.write(AT.IPRIORITYR + 4, 0x38);
    s.write(AT.ISENABLER, 1 << 4);
    expect([s.below(), s.take()]).toEqual([{ enabled: 1, group: 1, priority: 0x38, pending: 1 }, 4]);
    s.write(AT.IGROUPR, 0);
    expect(s.below().group).toBe(0);
  });

  it('F-59 an SGI of the hardware is never active: ISACTIVER reads as zero after a write', () => {
    const s = configured(vgic);
    s.write(AT.ISACTIVER, 1 << 4);
    expect([s.sgi().active, s.bits(AT.ISACTIVER)]).toEqual([1, 1 << 4]);
    s.ctlr(GRP1 | NASSGIREQ);
    s.write(AT.ISACTIVER, 1 << 4);
    expect([s.sgi().active, s.bits(AT.ISACTIVER)]).toEqual([0, 0]);
  });

  it('F-59 nASSGIreq cannot change while the distributor stays on; with it off what is pending comes back', () => {
    const s = configured(vgic);
    s.ctlr(GRP1);
    s.ctlr(GRP1 | NASSGIREQ);
    expect([s.sgi().hw, s.dist.guest(AT.CTLR) & NASSGIREQ]).toEqual([0, 0]);
    s.ctlr(0);
    s.ctlr(GRP1 | NASSGIREQ);
    s.send();
    s.ctlr(GRP1);
    expect([s.sgi().hw, s.below().pending]).toEqual([1, 1]);
    s.ctlr(0);
    expect([s.sgi().hw, s.sgi().pendingLatch, s.below().pending, s.below().enabled]).toEqual([0, 1, 0, 0]);
    expect([s.sgi().enabled, s.sgi().priority]).toEqual([1, 0x50]);
  });

  it('F-59 a restored GICD_CTLR takes effect when the VM first runs', () => {
    const s = setUp(vgic);
    const frame = s.redist(TARGET);
    for (const [at, value] of [
      [AT.ISENABLER, 1 << 4],
      [AT.ISPENDR, 1 << 4],
    ] as const)
      frame.userWrite(SGI + at, value);
    s.dist.userWrite(AT.CTLR, GRP1 | NASSGIREQ);
    expect([s.sgi().hw, s.sgi().pendingLatch]).toEqual([0, 1]);
    expect(s.chip.kvm.firstRun()).toBe(0);
    expect([s.sgi().hw, s.sgi().pendingLatch, s.below().pending]).toEqual([1, 0, 1]);
    expect(frame.user(SGI + AT.ISPENDR)).toBe(1 << 4);
    frame.userWrite(SGI + AT.ISPENDR, 0);
    expect([s.below().pending, frame.user(SGI + AT.ISPENDR)]).toEqual([0, 0]);
  });
});

describe('F-59 GICD_TYPER2 by the VMM', () => {
  const at = { group: GRP.DIST_REGS, attr: 0xcn };
  const clear = (vgic: VgicVersion) => {
    const t = openArm({ kernel: '6.18', vm: { vgic, cpus: 1, init: false }, host: { gic: 'v4.1' } });
    return { t, ret: t.ret('set_attr', { ...at, value: 0n }) };
  };

  it('F-59 from 6.18 on nASSGIcap can be cleared before initialisation, which ends vLPIs as well', () => {
    const { t, ret } = clear('7.3');
    expect([ret, t.chip.v4.isDirect(), t.chip.state.dist.nassgicap]).toEqual([0, false, 0]);
    expect(t.ret('set_attr', { ...at, value: 0x100n })).toBe(0);
    expect(t.chip.v4.isDirect()).toBe(true);
  });

  it('F-59 6.12 has it fixed', () => {
    const { t, ret } = clear('6.12');
    expect(ret).toBeLessThan(0);
    expect(t.chip.v4.isDirect()).toBe(true);
  });
});

it.each(['v3', 'v4'])('F-59 a host with GIC%s has no such SGIs: nASSGIreq stays 0', (gic) => {
  const s = setUp('7.3', gic);
  s.ctlr(GRP1 | NASSGIREQ);
  expect([s.dist.guest(AT.TYPER2) & NASSGICAP, s.dist.guest(AT.CTLR) & NASSGIREQ, s.sgi().hw]).toEqual([0, 0, 0]);
  expect(setUp().dist.guest(AT.TYPER2) & NASSGICAP).toBe(NASSGICAP);
});
