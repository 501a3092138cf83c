// The VMM's mapping of the ESB window is split, or another VM's lies in the same address space. Linux: arch/powerpc/kvm/book3s_xive_native.c xive_native_esb_fault, kvmppc_xive_native_mmap; fs/anon_inodes.c.
//
// A part of a mapping that is unmapped or protected in another way leaves a mapping with a file offset of its own. The kernel's fault handler counts from the beginning of the mapping
// that was touched, kvmppc_xive_native_reset_mapped from that of the file. QEMU never splits the window.
//
// All device files have the anonymous inode and its address space (`shared`), so that removing the pages of a source removes those of other VMs too.

import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { SOURCE_KIND } from '../hw/layout.ts';
import { PFN } from '../kvm/layout.ts';
import { WINDOW } from '../kvm/mappings.ts';
import { MMAP_LOCALS, xiveMprotect, xiveMunmap } from '../protocols/mmap.ts';
import { clrPassthruNative, esbFaultNative, setPassthruNative } from './corrected.ts';
import {
  chipOf,
  ESB_PAGE_OF,
  GSI,
  guestSource,
  makeSource,
  openDevice,
  type PowerMachine,
  smallMachine,
} from './machine.ts';
import { meetAndPart, touchPages } from './xive-remap.ts';

/** Another source of the guest. With the window split behind its first four pages, the kernel's handler takes GSI's pages for this one's. */
const OTHER = 3;
const SPLIT = 2 * (GSI - OTHER);
const PAGES = 2;

const { protocol } = protocolsOn<PowerMachine>();
const { always, sometimes } = propertiesOn<PowerMachine>();

type MmapFrame = { -readonly [K in keyof typeof MMAP_LOCALS]: number };

/** The VMM splits the window: it unmaps its beginning or protects it in another way. */
const split = (of: StandIn) =>
  protocol(
    'VMM splits the window',
    MMAP_LOCALS,
    (p: Combinators<PowerMachine, MmapFrame>) =>
      ({
        choose: p.choose(2, (_m, f, _self, choice) => {
          Object.assign(f, { start: WINDOW.ESB, pages: SPLIT });
          return choice === 0 ? undefined : 'protect.lock mmap_lock';
        }),
        ...p.include('unmap', of(xiveMunmap) as never),
        isUnmapped: () => DONE,
        ...p.include('protect', of(xiveMprotect) as never),
      }) as never,
  );

const isSettled = (m: PowerMachine): boolean => chipOf(m).state.kvm.kvmLock.holder === 0;
const isSplit = (m: PowerMachine): boolean =>
  chipOf(m).mappings.find(WINDOW.ESB)?.pages !== chipOf(m).mappings.find(ESB_PAGE_OF(GSI))?.pages;
const pageOf = (m: PowerMachine, i: number): number => chipOf(m).mappings.pte(ESB_PAGE_OF(GSI) + i);

const isOfDevice = (m: PowerMachine, pfn: number): boolean =>
  pfn !== PFN.NONE && m.parts.power.xive.sources.at(PFN.sourceOf(pfn)).kind === SOURCE_KIND.PHB_MSI;

const properties = [
  always(
    'a page of the window is that of the source at its place in the file',
    (m, i) => {
      const pfn = pageOf(m, i);
      return pfn === PFN.NONE || !isSettled(m) || PFN.sourceOf(pfn) === chipOf(m).sources.select(guestSource(m));
    },
    { over: PAGES, consequence: 'the guest triggers and ends another interrupt than it means' },
  ),
  always(
    'a device handed back leaves no page of its source in the guest',
    (m, i) => !isSettled(m) || m.parts.power.irq(0).forwarded === 1 || !isOfDevice(m, pageOf(m, i)),
    { over: PAGES, consequence: "a guest masks and ends interrupts of a device that is the host's or another guest's" },
  ),
  sometimes('the beginning of the window is gone', (m) => chipOf(m).mappings.find(WINDOW.ESB) === null),
  sometimes('the guest has a page in what is left', (m, i) => pageOf(m, i) !== PFN.NONE && isSplit(m), { over: PAGES }),
];

/** The window and what is left of it after a split. */
export const xiveVma = defineFamily({
  name: 'xive-vma',
  summary: 'XIVE native: the ESB window is split while its pages are faulted in and a source is switched',
  scope: {
    touches: { says: 'times the vCPU finds no page', default: 2, min: 1, max: 3 },
    switches: { says: 'times the device is passed through and taken back', default: 1, min: 1, max: 2 },
  },
  build: ({ touches, switches }) =>
    defineMachineModel({
      name: 'xive-vma',
      machine: smallMachine({ processes: 4 }),
      paths: [setPassthruNative, clrPassthruNative, esbFaultNative],
      agents: (of) =>
        [setPassthruNative, clrPassthruNative, esbFaultNative, meetAndPart(of), touchPages(of), split(of)] as never,
      start(m, agents) {
        const [switching, touching, splitting] = agents.slice(-3);
        openDevice(m);
        for (const gsi of [OTHER, GSI]) makeSource(m, gsi);
        m.processes.spawn(switching as never, { gsi: OTHER, left: switches - 1 } as never);
        m.processes.spawn(touching as never, { left: touches } as never);
        m.processes.spawn(splitting as never, {} as never);
      },
      properties: properties as never,
    }),
});

const otherPage = (m: PowerMachine, i: number): number => chipOf(m, 1).mappings.pte(ESB_PAGE_OF(GSI) + i);

const sharedProperties = [
  always('a switch takes pages from its own VM only', (m, i) => otherPage(m, i) !== PFN.NONE, {
    over: PAGES,
    consequence: "another VM's next access faults and gets its page back",
  }),
  always(
    'another VM has the page of its own source or none',
    (m, i) =>
      otherPage(m, i) === PFN.NONE ||
      PFN.sourceOf(otherPage(m, i)) === chipOf(m, 1).sources.select(guestSource(m, GSI, 1)),
    { over: PAGES, consequence: 'a guest reaches interrupts of another' },
  ),
  sometimes('the device is passed through', (m) => m.parts.power.irq(0).forwarded === 1),
];

/** Two VMs whose device files have one address space, or one each. */
export const xiveSharedSpace = defineFamily({
  name: 'xive-shared-space',
  summary: 'XIVE native: a source of one VM is switched while another VM has pages at the same file offset',
  scope: { shared: { says: '1: both files have the anonymous inode; 0: each its own', default: 0, min: 0, max: 1 } },
  build: ({ shared }) =>
    defineMachineModel({
      name: 'xive-shared-space',
      machine: smallMachine({ processes: 3, vms: 2, vm: { address_space: shared === 1 ? 'shared' : 'file' } }),
      paths: [setPassthruNative, clrPassthruNative, esbFaultNative],
      agents: (of) => [setPassthruNative, clrPassthruNative, esbFaultNative, meetAndPart(of), touchPages(of)] as never,
      start(m, agents) {
        const [switching, touching] = agents.slice(-2);
        openDevice(m);
        for (const vm of [0, 1]) makeSource(m, GSI, vm);
        const { call } = m.processes as unknown as { call(p: unknown, args: object): void };
        for (let page = 0; page < PAGES; page++) call(esbFaultNative, { vm: 1, page: ESB_PAGE_OF(GSI) + page });
        m.processes.spawn(switching as never, { gsi: GSI } as never);
        m.processes.spawn(touching as never, { vm: 1, left: PAGES } as never);
      },
      properties: sharedProperties as never,
    }),
});
