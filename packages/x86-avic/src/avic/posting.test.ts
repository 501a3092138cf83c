// A device's interrupt goes into the guest by itself: T179–T182, T185, and the rows of the checklist about posting.

import { describe, expect, it } from 'vitest';
import { names, postedGuest, toVcpu } from '../__fixtures__/posted.ts';
import { destination, rootFrame } from '../iommu/irte.ts';
import { backingFrame, gaTag } from './tables.ts';

describe('X86-36 update_pi_irte of 6.17', () => {
  it('T179 re-routed to another vCPU: off the first list, root and tag of the second', () => {
    const g = postedGuest();
    g.passThrough(0);
    expect([g.listed(), rootFrame(g.irte()), g.irte().gaTag]).toEqual([[0], backingFrame(0, 0), gaTag(1, 0, 9)]);
    g.op('set_gsi_routing', toVcpu(1, 0x41));
    expect([g.listed(), rootFrame(g.irte()), g.irte().gaTag, g.irte().vector]).toEqual([
      [1],
      backingFrame(0, 1),
      gaTag(1, 1, 9),
      0x41,
    ]);
  });

  it('T180 to several vCPUs: host mode, and said so only because it was posted before', () => {
    const g = postedGuest();
    g.passThrough(0);
    const all = { entries: [{ gsi: 24, type: 'msi', address_lo: 0xfeeff000, data: 0x31 }] };
    const first = g.op('set_gsi_routing', all);
    expect([g.irte().guestMode, g.listed(), names(first.events)]).toEqual([0, [], ['kvm_pi_irte_update']]);
    const other = { entries: [{ gsi: 24, type: 'msi', address_lo: 0xfeeff000, data: 0x32 }] };
    expect(names(g.op('set_gsi_routing', other).events)).toEqual([]);
  });

  it.each([
    ['fixed to one vCPU', 0xfee01000, 0x31, 1],
    ['X86-37 lowest priority to several is posted to the one that hashing names', 0xfee0300c, 0x131, 1],
    ['fixed to several', 0xfee03004, 0x31, 0],
    ['an NMI', 0xfee00000, 0x431, 0],
    ['nobody', 0xfee09000, 0x31, 0],
  ])('X86-37 %s', (_name, address_lo, data, guestMode) => {
    const g = postedGuest();
    for (const v of [0, 1]) g.op('lapic_set', { vcpu: v, ldr: (1 << (24 + v)) >>> 0 });
    g.passThrough(0);
    g.op('set_gsi_routing', { entries: [{ gsi: 24, type: 'msi', address_lo, data }] });
    expect(g.irte().guestMode).toBe(guestMode);
  });

  it('a route that is no MSI any more ends posting (CVE-2025-37885)', () => {
    const g = postedGuest();
    g.passThrough(0);
    g.op('set_gsi_routing', { entries: [{ gsi: 24, type: 'irqchip', chip: 'ioapic', pin: 4 }] });
    expect([g.irte().guestMode, g.listed()]).toEqual([0, []]);
  });

  it('… unless the kernel does not tell the IOMMU', () => {
    const g = postedGuest({ profile: { tellsIommuOfNonMsi: false } });
    g.passThrough(0);
    g.op('set_gsi_routing', { entries: [{ gsi: 24, type: 'irqchip', chip: 'ioapic', pin: 4 }] });
    expect([g.irte().guestMode, g.listed()]).toEqual([1, [0]]);
  });

  it.each([
    ['fixed (6.18.10): host mode, off the list', false, 0, []],
    ['before: the IRTE goes on posting, and the list keeps a dangling node (CVE-2026-23198)', true, 1, [0]],
  ])('T185 deassign with the producer attached, %s', (_name, deassignClearsRoute, guestMode, listed) => {
    const g = postedGuest({ profile: { deassignClearsRoute } });
    g.passThrough(0);
    g.op('irqfd', { name: 'fd', gsi: 24, deassign: true });
    expect([g.irte().guestMode, g.listed()]).toEqual([guestMode, listed]);
  });

  it('the vector goes first: producer gone, IRTE cleared', () => {
    const g = postedGuest();
    g.passThrough(0);
    g.op('vfio_msi', { device: 'nic', triggers: ['-'] });
    expect([g.irte().valid, g.irte().guestMode, g.listed()]).toEqual([0, 0, []]);
  });
});

describe('X86-35 update_pi_irte before 6.17', () => {
  it.each([
    ['the wrapper moves with the previous tag', 'wrapper', [1]],
    ['T179 the reviewed form never takes it off', 'review', [0, 1]],
  ])('%s', (_name, update_pi_irte, listed) => {
    const g = postedGuest({ vm: { update_pi_irte } });
    g.passThrough(0);
    g.op('set_gsi_routing', toVcpu(1, 0x41));
    expect([g.listed(), rootFrame(g.irte())]).toEqual([listed, backingFrame(0, 1)]);
  });

  it('every entry in guest mode logs, and the tag names the vCPU id in 8 bits', () => {
    const g = postedGuest({ kernel: '6.1' });
    g.passThrough(1);
    expect([g.irte().gaLogIntr, g.irte().gaTag]).toEqual([1, gaTag(1, 1, 8)]);
  });

  it('told of a vCPU that runs when it joins its list (f3cebc75e742)', () => {
    const g = postedGuest({ kernel: '6.12' });
    g.run(1, 3);
    g.passThrough(1);
    expect([g.irte().isRun, destination(g.irte())]).toEqual([1, 3]);
  });
});

describe('X86-32 X86-33 what a posted interrupt does', () => {
  it('the vCPU runs: IRR and doorbell, no exit, no host interrupt', () => {
    const g = postedGuest();
    g.run(0, 2);
    g.passThrough(0);
    expect(g.op('device_msi', { device: 'nic' }).events).toEqual([
      'hw_post: irq 64 vec 49 vm 0 vcpu 0',
      'hw_doorbell: apicid 2',
    ]);
    expect([g.op('ack').out, g.op('eoi').events]).toEqual([{ vector: 0x31 }, []]);
  });

  it('T181 the vCPU halts: IRR, GA log entry with its tag, wake-up', () => {
    const g = postedGuest();
    g.run(0);
    g.passThrough(0);
    g.op('vcpu_halt');
    expect(g.irte().gaLogIntr).toBe(1);
    expect(g.op('device_msi', { device: 'nic' }).events).toEqual([
      'hw_post: irq 64 vec 49 vm 0 vcpu 0',
      'hw_ga_interrupt: AMD-Vi GA log',
      'kvm_avic_ga_log: vmid=1, vcpuid=0',
      'kvm_vcpu_wakeup: vcpu 0',
    ]);
    const { head, tail, ring } = g.host.state.amd.gaLog;
    expect([head, tail, ring.at(0).tag]).toEqual([1, 1, gaTag(1, 0, 9)]);
  });

  it('T182 the vCPU is preempted: IRR and nothing else', () => {
    const g = postedGuest();
    g.run(0);
    g.passThrough(0);
    g.op('vcpu_put');
    expect(g.op('device_msi', { device: 'nic' }).events).toEqual(['hw_post: irq 64 vec 49 vm 0 vcpu 0']);
    expect(g.host.state.amd.gaLog.tail).toBe(0);
  });

  it('before 6.17 a preempted vCPU is logged too, and the wake-up finds nobody asleep', () => {
    const g = postedGuest({ kernel: '6.12' });
    g.run(0);
    g.passThrough(0);
    g.op('vcpu_put');
    expect(names(g.op('device_msi', { device: 'nic' }).events)).toEqual([
      'hw_post',
      'hw_ga_interrupt',
      'kvm_avic_ga_log',
    ]);
  });

  it('a vCPU that moves to another CPU takes its IRTEs along', () => {
    const g = postedGuest();
    g.run(0, 1);
    g.passThrough(0);
    g.op('vcpu_put');
    g.op('vcpu_load', { vcpu: 0, cpu: 3 });
    expect([g.irte().isRun, destination(g.irte())]).toEqual([1, 3]);
  });

  it('X86-33 a full log stops, loses what comes then, and is restarted (af47b0a24058)', () => {
    const g = postedGuest({ host: { ga_log_entries: 2 } });
    const { gaLog } = g.host.state.amd;
    g.run(0);
    g.passThrough(0);
    g.op('vcpu_halt');
    gaLog.polling = 1;
    for (let i = 0; i < 3; i++) g.host.remapper.deliver(64);
    expect([gaLog.tail, gaLog.overflow, gaLog.running]).toEqual([1, 1, 0]);
    g.machine.processes.spawn(g.machine.hostParts[0]?.protocols[0] as never);
    g.machine.settle();
    expect([gaLog.head, gaLog.overflow, gaLog.running, gaLog.polling]).toEqual([1, 0, 1, 0]);
  });

  it('X86-34 destination, IsRun and tag need no invalidation, vector and root do', () => {
    const g = postedGuest();
    g.run(0, 1);
    g.passThrough(0);
    g.op('device_msi', { device: 'nic' });
    const d = g.host.irq(0);
    expect(d.isCached).toBe(1);
    g.op('vcpu_put');
    g.op('vcpu_load', { vcpu: 0, cpu: 2 });
    g.op('vcpu_run', { vcpu: 0 });
    expect([d.isCached, g.op('device_msi', { device: 'nic' }).events.at(-1)]).toEqual([1, 'hw_doorbell: apicid 2']);
    d.entry.vector = 0x77;
    expect(g.op('device_msi', { device: 'nic' }).events[0]).toMatch('vec 49');
  });

  it('host affinity is kept for later while the entry is in guest mode', () => {
    const g = postedGuest();
    g.passThrough(0);
    expect(g.op('host_affinity', { device: 'nic', cpu: 3 }).ret).toBe(0);
    expect(destination(g.irte())).toBe(0);
    g.op('irqfd', { name: 'fd', gsi: 24, deassign: true });
    expect([g.irte().guestMode, destination(g.irte())]).toEqual([0, 3]);
  });

  it('without an IOMMU, or without AVIC, nothing is posted', () => {
    for (const setup of [{ host: { iommu: 'none' } }, { vm: { apicv: 'none' } }]) {
      const g = postedGuest(setup);
      g.run(0);
      g.passThrough(0);
      expect(names(g.op('device_msi', { device: 'nic' }).events)).toContain('irq_handler_entry');
      expect(g.op('ack').out).toEqual({ vector: 0x31 });
    }
  });
});
