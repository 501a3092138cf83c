// The native device by the book: attributes and their errno, connecting, queues and their pages, VP state. Linux: Documentation/virt/kvm/devices/xive.rst.

import { type AttrPayload, getDeviceAttr, hasDeviceAttr, setDeviceAttr } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { openPower, openRouted } from '../__fixtures__/power-vm.ts';
import { packVcpuId } from '../opal/vp-id.ts';
import { NATIVE_ATTRS, XIVE_GRP } from './native-attrs.ts';
import { eqId } from './native-queue.ts';
import { decodeConfig, encodeConfig } from './native-source.ts';

const [EIO, E2BIG, EBADF, EFAULT, EBUSY, EEXIST, EINVAL, ENOSPC, ENOENT, ENXIO] = [5, 7, 9, 14, 16, 17, 22, 28, 2, 6];

describe('sources', () => {
  it('V-31 F-32: number 0x100000 is E2BIG, and has_attr denies it', () => {
    const t = openPower();
    expect(t.ret('source', { n: 0x100000 })).toBe(-E2BIG);
    expect(t.ret('has_attr', { group: 2, attr: 0x100000 })).toBe(-ENXIO);
    expect([0, 0xfffff].map((attr) => t.ret('has_attr', { group: 2, attr }))).toEqual([0, 0]);
  });

  it('V-32 F-32: made twice it is counted once, off and masked, and keeps its IPI', () => {
    const t = openPower();
    t.op('source', { n: 0x1300 });
    const { ipi } = t.source(0x1300);
    expect(t.ret('source', { n: 0x1300 })).toBe(0);
    expect([t.ipi(0x1300).pq, t.ipi(0x1300).masked, t.chip.state.kvm.srcCount, t.source(0x1300).ipi]).toEqual([
      1,
      1,
      1,
      ipi,
    ]);
  });

  it('F-32: a level-triggered source stays one when it is made again without saying so', () => {
    const t = openPower();
    t.op('source', { n: 0x1200, level: 1, asserted: 1 });
    t.op('source', { n: 0x1200 });
    expect([t.source(0x1200).lsi, t.source(0x1200).asserted]).toEqual([1, 1]);
  });

  it('F-36: a value that cannot be read is EFAULT, with the block made already', () => {
    const t = openPower();
    expect(t.ret('set_attr', { group: 2, attr: 0x1300 })).toBe(-EFAULT);
    expect([t.ret('set_attr', { group: 3, attr: 0x1300, value: 0 }), t.ret('sync', { n: 0x1300 })]).toEqual([
      -EINVAL,
      -EINVAL,
    ]);
  });

  it('F-36: OPAL has no interrupt left: ENXIO', () => {
    const t = openPower({ host: { ipis: 1 } });
    expect([t.ret('source', { n: 0x20 }), t.ret('source', { n: 0x21 })]).toEqual([0, -ENXIO]);
  });

  it('F-26: OPAL is busy for a while', () => {
    const t = openPower();
    t.op('opal_busy', { n: 3 });
    expect([t.ret('source', { n: 0x20 }), t.ret('eq'), t.chip.host.state.busy]).toEqual([0, 0, 0]);
  });
});

describe('SOURCE_CONFIG', () => {
  it('V-33: 0x2460000002E is server 5, priority 6, EISN 0x123, unmasked', () => {
    const fields = { priority: 6, server: 5, masked: false, eisn: 0x123 };
    expect(decodeConfig(0x2460000002en)).toEqual(fields);
    expect(encodeConfig(fields)).toBe(0x2460000002en);
    expect(decodeConfig(0xfffffffffffffffen)).toEqual({
      priority: 6,
      server: 0x1fffffff,
      masked: true,
      eisn: 0x7fffffff,
    });
  });

  it.each([
    ['no block', { n: 0x9000 }, -ENOENT],
    ['a source of a block that is there, but never made', { n: 0x21 }, -EINVAL],
    ['priority 7', { n: 0x20, prio: 7 }, -EINVAL],
    ['no such server', { n: 0x20, server: 9 }, -EINVAL],
    ['no queue of the priority anywhere', { n: 0x20, prio: 5, eisn: 7 }, -EBUSY],
    ['masked needs no queue', { n: 0x20, prio: 5, masked: 1, eisn: 7 }, 0],
    ['to where it is', { n: 0x20, eisn: 0x1234 }, 0],
  ])('V-34 V-35 F-33 F-36: %s', (_name, args, ret) => {
    expect(openRouted().ret('config', args)).toBe(ret);
  });

  it('V-35 F-33: server 0 has no queue 5, so server 1 gets the interrupt', () => {
    const t = openPower({ vm: { cpus: 2 } });
    t.op('source', { n: 0x20 });
    t.op('eq', { server: 1, prio: 5 });
    expect(t.ret('config', { n: 0x20, server: 0, prio: 5, eisn: 3 })).toBe(0);
    expect([t.source(0x20).actServer, t.source(0x20).actPriority]).toEqual([1, 5]);
    t.op('irq_line', { n: 0x20, level: 1 });
    t.esb(0x20, 'set_pq_00');
    t.op('irq_line', { n: 0x20, level: 1 });
    expect(t.queue()).toEqual(['0x80000003', '0x0', '0x0', '0x0']);
  });

  it('F-33: a queue refuses the last two places; then any other vCPU takes the interrupt', () => {
    const t = openPower({ vm: { cpus: 2 } });
    t.op('source', { n: 0x20 });
    t.op('eq', { server: 0 });
    t.op('eq', { server: 1, qaddr: 0x200000 });
    const [first, second] = [0, 1].map((v) => t.chip.state.kvm.vcpus.at(v).queues.at(6));
    first!.count = 16381;
    expect([t.ret('config', { n: 0x20, eisn: 1 }), first!.count]).toEqual([0, 16382]);
    expect([t.ret('config', { n: 0x20, eisn: 2 }), first!.count, second!.count]).toEqual([0, 16382, 1]);
  });

  it('F-33: the queue that a source leaves goes on counting it, and so does a reset', () => {
    const t = openRouted();
    const { queues } = t.chip.state.kvm.vcpus.at(0);
    for (let eisn = 1; eisn <= 9; eisn++) t.op('config', { n: 0x20, eisn });
    expect(queues.at(6).count).toBe(10);
    t.op('reset');
    expect(queues.at(6).count).toBe(10);
  });

  it('F-33: `masked` with the same target is not seen; with another EISN it masks and forgets it', () => {
    const t = openRouted();
    t.op('config', { n: 0x20, eisn: 0x1234, masked: 1 });
    expect(t.ipi(0x20).masked).toBe(0);
    t.op('config', { n: 0x20, eisn: 0x1235, masked: 1 });
    expect([t.ipi(0x20).masked, t.source(0x20).actPriority, t.source(0x20).eisn]).toEqual([1, 0xff, 0]);
  });
});

describe('EQ_CONFIG', () => {
  it('V-36: server 3, priority 6 is attribute 0x1E', () => expect(eqId(3, 6)).toBe(0x1e));

  it.each([
    ['qshift 12', { qshift: 12 }, -EINVAL],
    ['flags 0', { flags: 0 }, -EINVAL],
    ['flags 3', { flags: 3 }, -EINVAL],
    ['address 0x8000', { qaddr: 0x8000 }, -EINVAL],
    ['a reset takes any flags', { qshift: 0, flags: 0 }, 0],
    ['the server comes first', { server: 9, prio: 7, qshift: 13 }, -ENOENT],
    ['then the priority', { prio: 7, qshift: 13 }, -EINVAL],
  ])('V-37 F-34 F-36: %s', (_name, args, ret) => expect(openPower().ret('eq', args)).toBe(ret));

  it('F-34: host pages of 4 KiB are smaller than a queue', () => {
    expect(openPower({ vm: { host_page: 4 } }).ret('eq')).toBe(-EINVAL);
  });

  it('F-36: a struct that cannot be read comes before everything', () => {
    const t = openPower();
    expect(setDeviceAttr(NATIVE_ATTRS, t.chip, { group: XIVE_GRP.EQ_CONFIG, attr: eqId(9, 7) }, null)).toBe(-EFAULT);
  });

  it('V-38 F-34: a queue that was never set: 0, and the caller’s struct is as it was', () => {
    const t = openPower();
    const out: AttrPayload = { flags: 0xaaaaaaaan, qshift: 0xaaaaaaaan };
    expect(getDeviceAttr(NATIVE_ATTRS, t.chip, { group: XIVE_GRP.EQ_CONFIG, attr: eqId(0, 6) }, out)).toBe(0);
    expect(out).toEqual({ flags: 0xaaaaaaaan, qshift: 0xaaaaaaaan });
    expect(t.op('geteq')).toEqual({ ret: 0 });
  });

  it('V-39 F-34: toggle and index are set when they are not those of a new queue', () => {
    const t = openPower();
    t.op('eq');
    expect(t.op('geteq').out).toEqual({ flags: 1, qshift: 16, qaddr: '0x100000', toggle: 1, index: 0 });
    t.op('eq', { toggle: 0, index: 5 });
    expect(t.op('geteq').out).toMatchObject({ toggle: 0, index: 5 });
    t.op('eq', { toggle: 1, index: 0 });
    expect(t.op('geteq').out).toMatchObject({ toggle: 1, index: 0 });
  });

  it('F-34: the guest’s page is held once, whatever the queue is set to, and let go by reset, disable and release', () => {
    const t = openPower();
    const q = t.chip.state.kvm.vcpus.at(0).queues.at(6);
    const refs = (op: string, args = {}): number => {
      t.op(op, args);
      return q.refs;
    };
    expect([refs('eq'), refs('eq', { qaddr: 0x200000 }), refs('eq', { qshift: 0 }), refs('eq'), refs('reset')]).toEqual(
      [1, 1, 0, 1, 0],
    );
    expect([refs('eq'), refs('munmap', { page: 0x1000, pages: 4 })]).toEqual([1, 1]);
    t.op('munmap', { page: 0x1000000, pages: 0x200000 });
    expect(refs('close')).toBe(0);
  });

  it('F-34 V-67: a second priority of a vCPU fails for want of an escalation of its own, and the first one’s is lost', () => {
    const t = openPower();
    expect(t.ret('eq', { prio: 6 })).toBe(0);
    t.events();
    expect(t.ret('eq', { prio: 5, qaddr: 0x200000 })).toBe(-EBUSY);
    const v = t.chip.state.kvm.vcpus.at(0);
    expect([v.escLost, v.queues.at(5).qpage, v.queues.at(5).refs, t.events()]).toEqual([
      1,
      0,
      0,
      ['xive_escalation_lost'],
    ]);
    expect(t.ret('eq', { prio: 6 })).toBe(0);
  });

  it('F-34: after a reset each queue has an escalation source of its own, for the firmware has forgotten the gather END', () => {
    const t = openPower();
    t.op('eq');
    t.op('reset');
    expect([t.ret('eq', { prio: 6 }), t.ret('eq', { prio: 5, qaddr: 0x200000 })]).toEqual([0, 0]);
    const { queues } = t.chip.state.kvm.vcpus.at(0);
    expect(queues.at(5).escIrq).not.toBe(queues.at(6).escIrq);
  });

  it('F-34: without single escalation all priorities have one', () => {
    const t = openPower({ host: { single_escalation: false } });
    const rets = [0, 1, 2, 3, 4, 5, 6].map((prio) => t.ret('eq', { prio, qaddr: 0x100000 * (prio + 1) }));
    expect(rets).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('V-67: END base 0x208: the escalation source of all priorities is 0x0100020F', () => {
    const t = openPower({ vm: { max_vcpus: 64, servers: [1] }, host: { vps: 128 } });
    const [vp] = [t.chip.state.kvm.vcpus.at(0).vpId];
    expect(vp & 0xffffff).toBe(0x41);
    const numbers = [0, 1, 2, 3, 4, 5, 6].map((p) => t.chip.host.opal.queues.info(vp, p)?.escIrq);
    expect(numbers).toEqual(Array(7).fill(0x0100020f));
  });
});

describe('connecting', () => {
  it('F-37 F-31 V-40: NR_SERVERS and the ids that it lets in', () => {
    const t = openPower({ vm: { connect: false, cpus: 2, max_vcpus: 64 }, host: { vps: 256 } });
    expect([
      t.ret('nr_servers', { n: 0 }),
      t.ret('nr_servers', { n: 8 * 64 + 1 }),
      t.ret('nr_servers', { n: 16 }),
    ]).toEqual([-EINVAL, -EINVAL, 0]);
    expect([t.ret('connect', { cpu: 0, server: 16 }), t.ret('connect', { cpu: 0, server: 15 })]).toEqual([-EINVAL, 0]);
    expect(t.ret('nr_servers', { n: 32 })).toBe(-EBUSY);
    expect(t.chip.host.state.vpBlocks.at(0).order).toBe(1 + 4);
  });

  it('F-31: more servers than KVM_MAX_VCPUS are that many', () => {
    const t = openPower({ vm: { connect: false, max_vcpus: 4 } });
    expect([t.ret('nr_servers', { n: 32 }), t.chip.state.kvm.nrServers]).toEqual([0, 4]);
  });

  it('F-37: no room for a block of VPs: ENOSPC, and the next attempt too', () => {
    const t = openPower({ vm: { connect: false, max_vcpus: 64 }, host: { vps: 32 } });
    expect([t.ret('connect'), t.ret('connect')]).toEqual([-ENOSPC, -ENOSPC]);
  });

  it('F-37: the other type’s capability is EPERM; no descriptor is EBADF', () => {
    const t = openPower({ vm: { connect: false } });
    expect(t.ret('connect', { type: 'xics' })).toBe(-1);
    t.op('close');
    expect([t.ret('connect'), t.ret('source', { n: 1 })]).toEqual([-EBADF, -EBADF]);
  });

  it.each([
    [2048, 8, 4],
    [2056, 8, 12],
    [4096, 8, 2],
    [17, 1, 17],
  ])('V-65 F-37: vCPU id %i with stride %i packs to %i', (id, stride, packed) =>
    expect(packVcpuId(id, stride)).toBe(packed),
  );

  it('F-28: one device at a time, and a new one starts from nothing', () => {
    const t = openRouted();
    expect([t.ret('create_device'), t.ret('create_device', { type: 'xics' })]).toEqual([-EEXIST, -EEXIST]);
    t.op('munmap', { page: 0x1000, pages: 4 });
    t.op('munmap', { page: 0x1000000, pages: 0x200000 });
    expect([t.ret('close'), t.ret('create_device'), t.ret('close'), t.ret('close')]).toEqual([0, 0, 0, -EBADF]);
    const { srcCount, vpBase, maxSbid } = t.chip.state.kvm;
    expect([srcCount, vpBase, maxSbid, t.chip.sources.find(0x20)]).toEqual([0, 0, 0, null]);
  });

  it('F-37: on POWER10 the CAM word has H set', () => {
    const cam = (generation: string): number => openPower({ host: { generation } }).chip.state.kvm.vcpus.at(0).cam;
    expect([cam('power9') >>> 30, cam('power10') >>> 30]).toEqual([2, 3]);
  });
});

describe('CTRL', () => {
  it('F-29: reset masks and switches off what is routed, and leaves what is not alone', () => {
    const t = openRouted();
    t.op('source', { n: 0x21 });
    t.esb(0x20, 'set_pq_00');
    t.esb(0x21, 'set_pq_00');
    expect(t.ret('reset')).toBe(0);
    expect([t.ipi(0x20).pq, t.ipi(0x20).masked, t.source(0x20).actPriority]).toEqual([1, 1, 0xff]);
    expect([t.ipi(0x21).pq, t.source(0x21).valid, t.source(0x20).valid]).toEqual([0, 1, 1]);
    expect([t.op('geteq').out, t.ret('config', { n: 0x20, eisn: 1 })]).toEqual([undefined, -EBUSY]);
  });

  it('F-29: reset switches a passed-through source off, too', () => {
    const t = openRouted();
    t.op('vfio_msix', { device: 'nic', name: 'v' });
    t.op('irqfd', { name: 'v', gsi: 0x20 });
    t.esb(0x20, 'set_pq_00');
    t.op('reset');
    expect([t.device().pq, t.device().masked, t.source(0x20).ptNumber > 0]).toEqual([1, 1, true]);
  });

  it('F-30: EQ_SYNC marks the pages of queues dirty', () => {
    const t = openRouted();
    t.op('eq', { prio: 3, qshift: 0 });
    t.op('eq_sync');
    const { queues } = t.chip.state.kvm.vcpus.at(0);
    expect([queues.at(6).dirty, queues.at(3).dirty]).toEqual([1, 0]);
  });

  it.each([
    ['SOURCE_SYNC', 'sync', { n: 0x20 }],
    ['EQ_SYNC', 'eq_sync', {}],
  ])('F-35 F-30: %s waits for an event that is on its way', (_name, op, args) => {
    const t = openRouted(0x20, { host: { delayed_events: true } });
    t.esb(0x20, 'set_pq_00');
    t.chip.host.xive.sources.trigger(t.source(0x20).ipi - 1);
    expect([t.ipi(0x20).inFlight, t.queue()]).toMatchObject([1, ['0x0', '0x0', '0x0', '0x0']]);
    expect([t.ret(op, args), t.ipi(0x20).inFlight, (t.queue() as string[])[0]]).toEqual([0, 0, '0x80001234']);
  });

  it('F-35 F-36: SOURCE_SYNC of unknown ones', () => {
    const t = openRouted();
    expect([t.ret('sync', { n: 0x9000 }), t.ret('sync', { n: 0x21 })]).toEqual([-ENOENT, -EINVAL]);
  });

  it('F-36: has_attr', () => {
    const t = openPower();
    const has = (group: number, attr: number): number => hasDeviceAttr(NATIVE_ATTRS, { group, attr });
    expect([
      has(1, 1),
      has(1, 2),
      has(1, 3),
      has(1, 4),
      has(4, 0x7fffffff),
      has(3, 0xfffff),
      has(5, 0x100000),
      has(6, 0),
    ]).toEqual([0, 0, 0, -ENXIO, 0, 0, -ENXIO, -ENXIO]);
    expect(t.ret('set_attr', { group: 1, attr: 4, value: 0 })).toBe(-ENXIO);
  });
});

describe('VP state', () => {
  it('V-72 F-38: the NVT’s IPB is added to the saved words', () => {
    const t = openRouted();
    t.op('set_vp', { w01: '0x00ff000000000000' });
    t.esb(0x20, 'set_pq_00');
    t.op('irq_line', { n: 0x20, level: 1 });
    expect(t.op('vp').out).toEqual({ vp: `00ff020000000000${'0'.repeat(16)}` });
  });

  it('F-38: a vCPU without presenter is EPERM; one on its thread cannot be set', () => {
    const t = openPower({ vm: { connect: false } });
    expect([t.ret('vp'), t.ret('set_vp', { w01: 0 })]).toEqual([-1, -1]);
    t.op('connect');
    t.chip.state.kvm.vcpus.at(0).pushed = 1;
    expect(t.ret('set_vp', { w01: 0 })).toBe(-EBUSY);
  });

  it('F-38: a VP that OPAL does not know is EIO', () => {
    const t = openPower();
    t.chip.host.opal.vps.set(t.chip.state.kvm.vcpus.at(0).vpId, 0);
    expect(t.ret('vp')).toBe(-EIO);
  });

  it('F-38: POWER10: the CPPR that hardware saved is not in it, and a set does not reach the NVP', () => {
    const t = openRouted(0x20, { host: { generation: 'power10' } });
    expect(t.op('vp').out).toEqual({ vp: `00000000ff000000${'0'.repeat(16)}` });
    t.op('set_vp', { w01: '0x0005000000000000' });
    const nvt = t.chip.host.xive.state.nvts.at(t.chip.state.kvm.vcpus.at(0).vpId & 0xffffff);
    expect(nvt.cppr).toBe(0xff);
  });
});

describe('interrupts from user space', () => {
  it('F-61: level 1 triggers every time, level 0 only forgets; a message has no level', () => {
    const t = openRouted();
    t.op('source', { n: 0x21, level: 1 });
    t.op('config', { n: 0x21, eisn: 9 });
    for (const n of [0x20, 0x21]) t.esb(n, 'set_pq_00');
    for (const n of [0x20, 0x21]) t.op('irq_line', { n, level: 1 });
    expect([t.source(0x20).asserted, t.source(0x21).asserted, t.ipi(0x20).pq, t.ipi(0x21).pq]).toEqual([0, 1, 2, 2]);
    for (const n of [0x20, 0x21]) t.op('irq_line', { n, level: 0 });
    expect([t.source(0x21).asserted, t.ipi(0x21).pq]).toEqual([0, 2]);
    t.op('irq_line', { n: 0x21, level: 1 });
    expect(t.ipi(0x21).pq).toBe(3);
  });

  it('F-61: kvm_set_irq answers ENODEV without device, EINVAL for what does not exist or is passed through', () => {
    const t = openRouted();
    const { kvm } = t.session.vm;
    expect([kvm.setIrq(0, 0x20, 1, false), kvm.setIrq(0, 0x21, 1, false), kvm.setIrq(0, 0xf0000, 1, false)]).toEqual([
      0,
      -EINVAL,
      -EINVAL,
    ]);
    t.op('vfio_msix', { device: 'nic', name: 'v' });
    t.op('irqfd', { name: 'v', gsi: 0x20 });
    expect(kvm.setIrq(0, 0x20, 1, false)).toBe(-EINVAL);
    expect(openPower({ vm: { dev: 'none' } }).session.vm.kvm.setIrq(0, 0x20, 1, false)).toBe(-19);
  });

  it('F-61 F-62: irqfd needs a device (EAGAIN); a resamplefd is taken and never signalled', () => {
    expect(openPower({ vm: { dev: 'none' } }).ret('irqfd', { name: 'a', gsi: 0x20 })).toBe(-11);
    const t = openRouted();
    t.op('source', { n: 0x21, level: 1 });
    t.op('config', { n: 0x21, eisn: 9 });
    t.esb(0x21, 'set_pq_00');
    expect(t.ret('irqfd', { name: 'b', gsi: 0x21, resample: 'r' })).toBe(0);
    t.op('efd_write', { name: 'b' });
    expect([t.esb(0x21, 'eoi'), t.op('efd_read', { name: 'r' }).out]).toEqual([0, { count: 0 }]);
  });

  it('F-61: KVM_IRQ_LINE without device is ENXIO, otherwise always 0', () => {
    expect(openPower({ vm: { dev: 'none' } }).ret('irq_line', { n: 0x20, level: 1 })).toBe(-ENXIO);
    expect(openPower().ret('irq_line', { n: 0x20, level: 1 })).toBe(0);
  });
});
