// Which ESB page the guest has for a source: page faults against the source being switched to a passed-through device and back.
// Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_set_mapped, kvmppc_xive_clr_mapped; book3s_xive_native.c xive_native_esb_fault, kvmppc_xive_native_reset_mapped.
//
// What is modelled: one guest interrupt; behind it the IPI that KVM made for it, or the hardware source of a device. The guest reaches the
// source through a page that the fault handler puts into the VMM's page table. The corrected form here is stricter than the kernel: there
// the fault handler takes no lock from choosing the page to inserting it, and set_mapped removes the old page before it stores the new
// source. This is the model of docs/concepts/every-interleaving.md; what the kernel does at its registers is models/xive-remap.ts.
//
// Which outer locks would exclude them? None that is taken: kvm->lock keeps set_mapped, clr_mapped and release apart, but no page fault takes
// it; a fault holds mmap_lock for reading, and unmap_mapping_range does not take mmap_lock; the page table lock covers the insertion alone.
//
// Abstraction: trigger page and EOI page are one page; they change together. The hypervisor's own translation follows the VMM's page
// table (MMU notifiers), so the page table decides.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import {
  assert,
  BLOCKED,
  DONE,
  defineFamily,
  defineModel,
  lock,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';

/** Pages that can stand in the page table. */
export const PAGE = { NONE: 0, IPI: 1, HW: 2 } as const;

/** kvmppc_xive_irq_state of the source, and the lock of its block. `ptData` 0 is NULL. */
const Source = struct('source', { sb: lock, ptNumber: u1, ptData: u1 });
/** The VMM's page table entry, and xive->mapping_lock. */
const Mapping = struct('mapping', { mappingLock: lock, pte: u8 });
/** The device's interrupt belongs to the guest; a switch is under way. */
const Device = struct('device', { passed: u1, switching: u1, returned: u1 });

/** One source and its page. */
export interface XiveMapping {
  readonly source: ViewOf<typeof Source>;
  readonly mapping: ViewOf<typeof Mapping>;
  readonly device: ViewOf<typeof Device>;
}

const { protocol } = protocolsOn<XiveMapping>();
const { always, sometimes } = propertiesOn<XiveMapping>();

/** A vCPU that touches the page up to `left` times; where nothing is mapped, xive_native_esb_fault runs. */
export const esbFault = protocol('xive_native_esb_fault', { left: u8, isPassed: u1, page: u8 }, (p) => ({
  touch: p.choose(2, (m, f, _self, choice) => {
    if (choice === 0 || f.left === 0) return DONE;
    if (m.mapping.pte !== PAGE.NONE) return BLOCKED;
    f.left--;
    return undefined;
  }),
  ...p.locked('mapping', (m) => m.mapping.mappingLock, {
    ...p.locked('sb', (m) => m.source.sb, {
      selectNumber(m, f) {
        f.isPassed = m.source.ptNumber;
      },
      selectData(m, f) {
        f.page = f.isPassed === 0 ? PAGE.IPI : m.source.ptData === 1 ? PAGE.HW : PAGE.NONE;
      },
      readPage(_m, f) {
        assert(f.page !== PAGE.NONE, 'the fault handler follows a NULL xive_irq_data');
      },
    }),
    insert(m, f) {
      m.mapping.pte = f.page;
    },
  }),
  again(_m, f) {
    Object.assign(f, { isPassed: 0, page: PAGE.NONE });
    return 'touch';
  },
}));

/** kvmppc_xive_native_reset_mapped: unmap_mapping_range over the pages of the source. */
function zap(m: XiveMapping): void {
  m.mapping.pte = PAGE.NONE;
}

/** kvmppc_xive_set_mapped: the guest's interrupt is the device's from now on. */
export const setMapped = protocol('kvmppc_xive_set_mapped', {}, (p) => ({
  forward(m) {
    Object.assign(m.device, { switching: 1, passed: 1 });
  },
  ...p.locked('sb', (m) => m.source.sb, {
    storeNumber(m) {
      m.source.ptNumber = 1;
    },
    storeData(m) {
      m.source.ptData = 1;
    },
  }),
  ...p.locked('mapping', (m) => m.mapping.mappingLock, { zap }),
  done(m) {
    m.device.switching = 0;
  },
}));

/** kvmppc_xive_clr_mapped: the device goes back to the host, the guest's interrupt is its IPI again. */
export const clrMapped = protocol('kvmppc_xive_clr_mapped', {}, (p) => ({
  await(m) {
    const { passed, switching } = m.device;
    return passed === 0 || switching === 1 ? BLOCKED : undefined;
  },
  begin(m) {
    m.device.switching = 1;
  },
  ...p.locked('sb', (m) => m.source.sb, {
    clearNumber(m) {
      m.source.ptNumber = 0;
    },
    clearData(m) {
      m.source.ptData = 0;
    },
  }),
  ...p.locked('mapping', (m) => m.mapping.mappingLock, { zap }),
  done(m) {
    Object.assign(m.device, { switching: 0, passed: 0, returned: 1 });
  },
}));

/** The page of the source that the guest's interrupt has now, or none. */
function isPageOfSource({ mapping, source, device }: XiveMapping): boolean {
  if (mapping.pte === PAGE.NONE || device.switching === 1) return true;
  return mapping.pte === (source.ptNumber === 1 ? PAGE.HW : PAGE.IPI);
}

/** A device is passed through and taken back while vCPUs touch the page of its interrupt. */
export const xiveMapping = defineFamily({
  name: 'xive-mapping',
  summary: 'XIVE: ESB pages of a source are faulted in while it is switched to a device and back',
  scope: {
    vcpus: { says: 'vCPUs that touch the page', default: 1, min: 1, max: 2 },
    touches: { says: 'times each of them finds no page', default: 2, min: 1, max: 3 },
  },
  build: ({ vcpus, touches }) =>
    defineModel({
      name: 'xive-mapping',
      layout: { source: Source, mapping: Mapping, device: Device },
      processes: 2 + vcpus,
      protocols: [setMapped, clrMapped, esbFault],
      machine: (root): XiveMapping => root,
      start(_m, spawn) {
        spawn(setMapped);
        spawn(clrMapped);
        for (let v = 0; v < vcpus; v++) spawn(esbFault, { left: touches });
      },
      properties: [
        always(
          'a device handed back leaves no page of its source in the guest',
          ({ device, mapping }) => device.passed === 1 || mapping.pte !== PAGE.HW,
          {
            consequence:
              "a guest triggers, masks and ends interrupts of a device that is the host's or another guest's",
          },
        ),
        always('the page in the guest is that of the source behind its interrupt', isPageOfSource, {
          consequence: 'the guest ends interrupts at the wrong source: the device fires once and never again',
        }),
        always(
          'number and data of the source go together',
          ({ source, device }) => device.switching === 1 || source.ptNumber === source.ptData,
        ),
        sometimes('the device is handed back', (m) => m.device.returned === 1),
        sometimes("the guest has the IPI's page", (m) => m.mapping.pte === PAGE.IPI),
        sometimes("the guest has the device's page", (m) => m.mapping.pte === PAGE.HW),
      ],
      symmetry: [
        { name: 'vCPU', size: vcpus, arrays: [], processes: [Array.from({ length: vcpus }, (_, v) => 2 + v)] },
      ],
    }),
});
