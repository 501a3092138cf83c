// Which ESB page the guest has for a source: page faults against the source being switched to a passed-through device and back.
// Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_set_mapped, kvmppc_xive_clr_mapped; book3s_xive_native.c xive_native_esb_fault, kvmppc_xive_native_reset_mapped.
//
// One guest interrupt; behind it the IPI that KVM made for it, or the source of a device. The guest reaches it through two pages that the fault handler puts
// into the VMM's page table. The locks are the kernel's, outer ones too (locks.ts): irqbypass's lock and kvm->lock keep two switches apart, no fault takes them;
// a fault holds mmap_lock for reading, which a switch does not take; the page table lock covers the insertion alone.
//
// Abstraction: the hypervisor's own translation follows the VMM's page table (MMU notifiers, invalidate sequence), so the page table decides.

import { bits, u8 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { SOURCE_KIND } from '../hw/layout.ts';
import { PFN } from '../kvm/layout.ts';
import { FAULT_LOCALS } from '../protocols/esb-fault.ts';
import { PASSTHRU_LOCALS } from '../protocols/passthru.ts';
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

/** Trigger page and management page. */
const PAGES = 2;

const { protocol } = protocolsOn<PowerMachine>();
const { always, sometimes } = propertiesOn<PowerMachine>();

type FaultFrame = { -readonly [K in keyof typeof FAULT_LOCALS]: number };
type PassthruFrame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

/** A vCPU that finds a page of the interrupt absent up to `left` times. */
export const touchPages = (of: StandIn) =>
  protocol(
    'vCPU at its ESB pages',
    { ...FAULT_LOCALS, left: u8 },
    (p: Combinators<PowerMachine, FaultFrame & { left: number }>) =>
      ({
        touch: p.idle(
          p.choose(PAGES, (m, f, _self, choice) => {
            const page = ESB_PAGE_OF(GSI) + choice;
            if (f.left === 0 || chipOf(m, f.vm).mappings.pte(page) !== PFN.NONE) return BLOCKED;
            f.left--;
            f.page = page;
            return undefined;
          }),
        ),
        ...p.include('fault', of(esbFaultNative) as never),
        again(_m: PowerMachine, f: FaultFrame) {
          Object.assign(f, { result: 0, data: 0, page: 0, offset: 0, gsi: 0, number: 0, pfn: 0 });
          return 'touch';
        },
      }) as never,
  );

/** VFIO's vector and the irqfd meet and part, `left` times. */
export const meetAndPart = (of: StandIn) =>
  protocol(
    'irq_bypass_register_producer, _unregister_producer',
    { ...PASSTHRU_LOCALS, left: bits(2) },
    (p: Combinators<PowerMachine, PassthruFrame & { left: number }>) =>
      ({
        ...p.locked('bypass', (m) => m.bypass.state.guard, { ...p.include('add', of(setPassthruNative) as never) }),
        ...p.locked('bypass (unregister)', (m) => m.bypass.state.guard, {
          ...p.include('del', of(clrPassthruNative) as never),
        }),
        again(_m: PowerMachine, f: { left: number }) {
          if (f.left === 0) return DONE;
          f.left--;
          return 'lock bypass';
        },
      }) as never,
  );

const isSettled = (m: PowerMachine): boolean => chipOf(m).state.kvm.kvmLock.holder === 0;
const pageOf = (m: PowerMachine, i: number): number => chipOf(m).mappings.pte(ESB_PAGE_OF(GSI) + i);

/** The guest has the page of a device's source. */
function isDevicePage(m: PowerMachine, i: number): boolean {
  const pfn = pageOf(m, i);
  return pfn !== PFN.NONE && m.parts.power.xive.sources.at(PFN.sourceOf(pfn)).kind === SOURCE_KIND.PHB_MSI;
}

/** The page of the source that the guest's interrupt has now, or none. */
function isPageOfSource(m: PowerMachine, i: number): boolean {
  const pfn = pageOf(m, i);
  return pfn === PFN.NONE || !isSettled(m) || PFN.sourceOf(pfn) === chipOf(m).sources.select(guestSource(m));
}

const isForwarded = (m: PowerMachine): boolean => m.parts.power.irq(0).forwarded === 1;

/** What holds of the pages of a source that is switched. */
export const remapProperties = [
  always(
    'a device handed back leaves no page of its source in the guest',
    (m, i) => !isSettled(m) || isForwarded(m) || !isDevicePage(m, i),
    {
      over: PAGES,
      consequence: "a guest triggers, masks and ends interrupts of a device that is the host's or another guest's",
    },
  ),
  always('the page in the guest is that of the source behind its interrupt', isPageOfSource, {
    over: PAGES,
    consequence: 'the guest ends interrupts at the wrong source: the device fires once and never again',
  }),
  always('number and data of the source go together', (m) => {
    const { ptNumber, ptData } = guestSource(m);
    return !isSettled(m) || (ptNumber === 0) === (ptData === 0);
  }),
  sometimes(
    'the device is handed back',
    (m) => isSettled(m) && chipOf(m).state.kvm.passthru.at(0).used === 1 && !isForwarded(m),
  ),
  sometimes("the guest has the IPI's page", (m, i) => pageOf(m, i) !== PFN.NONE && !isDevicePage(m, i), {
    over: PAGES,
  }),
  sometimes("the guest has the device's page", isDevicePage, { over: PAGES }),
];

/** A device is passed through and taken back while vCPUs touch the pages of its interrupt. */
export const xiveRemap = defineFamily({
  name: 'xive-remap',
  summary: 'XIVE native: ESB pages of a source are faulted in while it is switched to a device and back',
  scope: {
    vcpus: { says: 'vCPUs that touch the pages', default: 1, min: 0, max: 2 },
    touches: { says: 'times each of them finds no page', default: 2, min: 1, max: 3 },
    switches: { says: 'times the device is passed through and taken back', default: 1, min: 1, max: 3 },
  },
  build: ({ vcpus, touches, switches }) =>
    defineMachineModel({
      name: 'xive-remap',
      machine: smallMachine({ processes: 2 + vcpus }),
      paths: [setPassthruNative, clrPassthruNative, esbFaultNative],
      agents: (of) => [setPassthruNative, clrPassthruNative, esbFaultNative, meetAndPart(of), touchPages(of)] as never,
      start(m, agents) {
        const [switching, touching] = agents.slice(-2);
        openDevice(m);
        makeSource(m);
        m.processes.spawn(switching as never, { gsi: GSI, left: switches - 1 } as never);
        for (let v = 0; v < vcpus; v++) m.processes.spawn(touching as never, { left: touches } as never);
      },
      properties: remapProperties as never,
      symmetry: [
        { name: 'vCPU', size: vcpus, arrays: [], processes: [Array.from({ length: vcpus }, (_, v) => 1 + v)] },
      ],
    }),
});
