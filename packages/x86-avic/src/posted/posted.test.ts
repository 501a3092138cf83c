// Posted-interrupt descriptors and VT-d entries bit for bit (X86-38, X86-39), and what KVM and the hardware do with them (T183, T184).

import { createArena } from '@virq/irq-core/arena';
import { createMachine } from '@virq/irq-core/machine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admits,
  composeMessage,
  composePosted,
  copyVtdIrte,
  descriptorOf,
  hasReservedBits,
  indexOfMessage,
  prepareRemapped,
  setSource,
  setVtdIrteImage,
  VtdIrte,
  vtdIrteImage,
} from '../iommu/vtd-irte.ts';
import { bindVectors, chipOf, routeVector, smallMachine, type X86Machine } from '../models/machine.ts';
import {
  apicIdOf,
  descriptorImage,
  hasPending,
  NOTIFY,
  ndstOf,
  ownerOf,
  PiDescriptor,
  post,
  setDescriptorImage,
  vcpuDescriptor,
} from './pi-descriptor.ts';

const irte = () => createArena(VtdIrte).root;
const descriptor = () => createArena(PiDescriptor).root;
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

describe('X86-38 the descriptor', () => {
  it.each([
    ['PIR 0', 0, 0n, { pir: 0 }],
    ['PIR 255', 3, 63n, { pir: 255 }],
    ['ON', 4, 0n, { on: 1 }],
    ['SN', 4, 1n, { sn: 1 }],
    ['NV', 4, 16n, { nv: 1 }],
    ['NDST', 4, 32n, { ndst: 1 }],
  ])('%s is at word %i, bit %s', (_name, word, bit, fields: object) => {
    const d = descriptor();
    const { pir, ...others } = fields as { pir?: number };
    if (pir !== undefined) d.pir.add(pir);
    Object.assign(d, others);
    expect(descriptorImage(d).map((w, i) => [i, w])).toContainEqual([word, 1n << bit]);
    expect(descriptorImage(d).filter((w) => w !== 0n)).toHaveLength(1);
  });

  it('is 64 bytes, and the bytes in the arena are the hardware’s', () => {
    const arena = createArena(PiDescriptor);
    setDescriptorImage(arena.root, [1n, 2n, 3n, 4n, 0x0000_0005_00f2_0001n, 6n, 7n, 8n]);
    expect(arena.bytes.length).toBe(64);
    const words = new BigUint64Array(arena.bytes.buffer, arena.bytes.byteOffset, 8);
    expect([...words]).toEqual([...descriptorImage(arena.root)]);
    expect([arena.root.on, arena.root.sn, arena.root.nv, arena.root.ndst]).toEqual([1, 0, NOTIFY.POSTED, 5]);
  });

  it('goes to an image and back', () => {
    fc.assert(
      fc.property(fc.array(u64, { minLength: 8, maxLength: 8 }), (words) => {
        const d = descriptor();
        setDescriptorImage(d, words);
        expect(descriptorImage(d)).toEqual(words);
      }),
    );
  });

  it.each([
    [5, false, 0x0500],
    [0xfe, false, 0xfe00],
    [0x12345, true, 0x12345],
  ])('NDST of APIC id %i (x2APIC %s) is %i', (apicId, x2apic, ndst) => {
    expect(ndstOf(apicId, x2apic)).toBe(ndst);
    expect(apicIdOf(ndst, x2apic)).toBe(apicId);
  });

  it.each([
    ['nothing', 0, 0, 0, true, 1],
    ['ON', 1, 0, 0, false, 1],
    ['SN', 0, 1, 0, false, 0],
    ['SN, urgent', 0, 1, 1, true, 1],
    ['ON and SN, urgent', 1, 1, 1, false, 1],
  ])('a post on %s', (_name, on, sn, urgent, notifies, onAfter) => {
    const d = descriptor();
    Object.assign(d, { on, sn });
    expect(post(d, 0x31, urgent)).toBe(notifies);
    expect([d.pir.list(), d.on, d.sn]).toEqual([[0x31], onAfter, sn]);
  });

  it.each([
    [0, 0, false, false],
    [1, 0, false, true],
    [0, 0, true, false],
    [0, 1, true, true],
    [0, 1, false, false],
  ])('ON %i, SN %i, PIR %s: pending %s', (on, sn, requested, pending) => {
    const d = descriptor();
    Object.assign(d, { on, sn });
    if (requested) d.pir.add(0x31);
    expect(hasPending(d)).toBe(pending);
  });
});

describe('X86-39 the entry', () => {
  const FIELDS: readonly (readonly [keyof typeof VtdIrte.fields, number])[] = [
    ['present', 0],
    ['fpd', 1],
    ['destMode', 2],
    ['redirHint', 3],
    ['trigger', 4],
    ['delivery', 5],
    ['avail', 8],
    ['urgent', 14],
    ['pst', 15],
    ['vector', 16],
    ['dest', 32],
    ['sid', 64],
    ['sq', 80],
    ['svt', 82],
    ['pdaHigh', 96],
  ];
  it.each(FIELDS)('%s is at bit %i', (field, bit) => {
    const e = irte();
    e[field] = 1;
    const [lo, hi] = vtdIrteImage(e);
    expect((hi << 64n) | lo).toBe(1n << BigInt(bit));
  });

  it('goes to an image and back, and lies in the arena as it does in memory', () => {
    fc.assert(
      fc.property(u64, u64, (lo, hi) => {
        const arena = createArena(VtdIrte);
        setVtdIrteImage(arena.root, [lo, hi]);
        expect(vtdIrteImage(arena.root)).toEqual([lo, hi]);
        const words = new BigUint64Array(arena.bytes.buffer, arena.bytes.byteOffset, 2);
        expect([...words]).toEqual([lo, hi]);
        const copy = irte();
        copyVtdIrte(copy, arena.root);
        expect(vtdIrteImage(copy)).toEqual([lo, hi]);
      }),
    );
  });

  it('posted: address bits 31:6 at 63:38, 63:32 at 127:96; SID, SQ and SVT stay', () => {
    const [image, e] = [irte(), irte()];
    prepareRemapped(image, 0x22, 3);
    setSource(image, 0x0108);
    composePosted(e, image, { lo: 0xabcde040, hi: 0x12 });
    e.vector = 0x31;
    expect(vtdIrteImage(image)).toEqual([0x0000_0003_0022_0009n, 0x0004_0108n]);
    expect(vtdIrteImage(e)).toEqual([0xabcd_e040_0031_8001n, 0x0000_0012_0004_0108n]);
    expect(descriptorOf(e)).toEqual({ lo: 0xabcde040, hi: 0x12 });
    expect(hasReservedBits(e)).toBe(false);
  });

  it.each([
    ['none', 0, 0, 0xffff, true],
    ['all bits', 1, 0, 0x0108, true],
    ['all bits', 1, 0, 0x0109, false],
    ['but bit 2', 1, 1, 0x010c, true],
    ['but bits 2:1', 1, 2, 0x010e, true],
    ['but bits 2:0', 1, 3, 0x010f, true],
    ['a bus', 2, 0, 0x0105, true],
    ['a bus', 2, 0, 0x0905, false],
  ])('verification of %s (SVT %i, SQ %i) of %i: %s', (_name, svt, sq, requester, allowed) => {
    const e = irte();
    Object.assign(e, { sid: 0x0108, svt, sq });
    expect(admits(e, requester)).toBe(allowed);
  });

  it('a message in remappable format names its entry', () => {
    expect(composeMessage(5, 0)).toEqual({ addressLo: 0xfee000b8, data: 0 });
    expect(composeMessage(0x8001, 2)).toEqual({ addressLo: 0xfee0003c, data: 2 });
    expect(indexOfMessage({ addressLo: 0xfee00000, data: 0x31 })).toBe(-1);
    expect(indexOfMessage({ addressLo: 0xfee000b0, data: 7 })).toBe(5);
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xff), (handle, sub) => {
        expect(indexOfMessage(composeMessage(handle, sub))).toBe(handle + sub);
      }),
    );
  });

  it('a descriptor’s address says whose it is', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(1023), (vm, vcpu) => {
        expect(ownerOf(vcpuDescriptor(vm, vcpu))).toEqual({ vm, index: vcpu });
      }),
    );
  });
});

/** A VM with one posted interrupt, on CPU 0. */
function machine(host = {}) {
  const m = createMachine(
    smallMachine({ vcpus: 2, cpus: 2, vectors: 2, processes: 8, intel: true, host }),
  ) as X86Machine;
  bindVectors(m, 2);
  routeVector(m, 0x31);
  const { apicv, vmx } = chipOf(m);
  apicv.load(0, 0);
  return { m, apicv, vmx, desc: vmx.at(0).desc, irq: m.parts.x86.vtd.irqs.at(0) };
}
const names = (m: X86Machine): string[] => {
  const events: string[] = [];
  m.trace.on = true;
  m.trace.listener = (e) => void events.push(`${e.name} ${Object.values(e.fields).join(' ')}`);
  return events;
};

describe('a vCPU and its descriptor', () => {
  it('T183 a vCPU that halts while a notification is outstanding is woken by an IPI to itself', () => {
    const { m, apicv, vmx, desc } = machine();
    const events = names(m);
    apicv.halt(0);
    const pid = m.processes.next(0);
    while (m.processes.labelOf(pid) !== 'put.wakeup.redirect') m.processes.step(pid);
    m.vfio.msi.raise(0, 0);
    expect([desc.on, desc.nv]).toEqual([1, NOTIFY.POSTED]);
    m.settle();
    expect(events).toContain('hw_notification 0 241');
    expect(events).toContain('kvm_vcpu_wakeup 0');
    expect(vmx.vcpus.isBlocking(0)).toBe(false);
    expect(chipOf(m).lapics.at(0).irr.list()).toEqual([0x31]);
  });

  it('T184 what was posted while SN was set is made visible by ON when the vCPU is loaded', () => {
    const { m, apicv, desc } = machine();
    apicv.put(0);
    m.vfio.msi.raise(0, 0);
    expect([desc.sn, desc.on, desc.pir.list()]).toEqual([1, 0, [0x31]]);
    apicv.load(0, 1);
    expect([desc.sn, desc.on, desc.ndst]).toEqual([0, 1, 1]);
  });

  it('X86-38 a loaded vCPU that was not moved and not suppressed is left alone', () => {
    const { desc } = machine();
    expect([desc.sn, desc.on, desc.nv, desc.ndst]).toEqual([0, 0, NOTIFY.POSTED, 0]);
  });

  it('X86-38 in xAPIC mode of the host NDST has the APIC id in bits 15:8', () => {
    const { apicv, desc } = machine({ x2apic: false });
    apicv.put(0);
    apicv.load(0, 1);
    expect(desc.ndst).toBe(0x100);
  });
});

describe('VT-d', () => {
  it('X86-39 an entry that is not present is a fault', () => {
    const { m, irq } = machine();
    const events = names(m);
    const { vtdRemapper } = m.parts.x86;
    expect(vtdRemapper.message(composeMessage(7, 0), 8)).toMatchObject({ to: 'fault', fault: 'NOT_PRESENT' });
    expect(vtdRemapper.message(composeMessage(0, 0), 0x999)).toMatchObject({ to: 'fault', fault: 'SOURCE' });
    expect(vtdRemapper.message({ addressLo: 0xfee00000, data: 0x31 }, 8)).toMatchObject({ fault: 'COMPATIBILITY' });
    expect(vtdRemapper.message(composeMessage(0xffff, 5), 8)).toMatchObject({ fault: 'INDEX' });
    expect(events).toHaveLength(4);
    irq.entry.fpd = 1;
    irq.isCached = 0;
    vtdRemapper.message(composeMessage(0, 0), 0x999);
    expect(events).toHaveLength(4);
  });

  it('X86-39 a new entry counts when the cache was flushed', () => {
    const { m, irq, desc } = machine();
    m.vfio.msi.raise(0, 0);
    irq.entry.vector = 0x41;
    m.vfio.msi.raise(0, 0);
    expect(desc.pir.list()).toEqual([0x31]);
    irq.isCached = 0;
    m.vfio.msi.raise(0, 0);
    expect(desc.pir.list()).toEqual([0x31, 0x41]);
  });

  it('X86-39 messages that are posted to the host need one notification for many', () => {
    const { m } = machine({ posted_msi: true });
    const events = names(m);
    m.vfio.msi.raise(0, 1);
    m.vfio.msi.raise(0, 1);
    expect(events).toEqual(['hw_post_host 65 35 0', 'hw_notification 0 235', 'hw_post_host 65 35 0']);
    expect(m.parts.x86.posted.state.messages.at(0).pir.list()).toEqual([35]);
    m.settle();
    expect([m.parts.x86.posted.state.messages.at(0).on, m.parts.x86.posted.state.messages.at(0).pir.list()]).toEqual([
      0,
      [],
    ]);
  });
});
