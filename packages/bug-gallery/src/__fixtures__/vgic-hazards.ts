// Ways in which interrupts of an Arm VM get lost, come twice or stay active, each with the check that settles it, on every kernel whose VGIC is modelled.

import {
  foldAcksAlways,
  setUp,
  setUpEdge,
  vgicFoldLrState,
  vgicResample,
  vgicSetup,
  vgicSoftPend,
} from '@virq/arm-vgic/models';
import type { Edits, ModelFamily } from '@virq/irq-core/protocol';
import { BUGS, type Bug } from '../index.ts';
import type { Scope } from './hazard-table.ts';

/** One row. */
export interface VgicHazard {
  /** H of the first reading of the register semantics, K of the scenarios that followed from it, W of the ways to a mute device. */
  readonly id: string;
  readonly says: string;
  readonly model: ModelFamily;
  readonly scope: Scope;
  /** What makes the corrected form the kernel's, or the VMM's, in this respect. */
  readonly edits: Edits;
  readonly property: string;
  /** Sizes of the corrected form's proof, null if there is no other form. */
  readonly proof: Scope | null;
  /** Kernels on which it happens, as computed. */
  readonly kernels: readonly string[];
  readonly assumes: string;
  readonly slug?: string;
}

type More = Pick<VgicHazard, 'kernels' | 'assumes'>;
const ALL = ['6.1', '6.12', '6.18', '6.19-rc', '7.3'];
const OLD = ['6.1', '6.12', '6.18'];
const NEW = ['6.19-rc', '7.3'];

/** A hazard that has an entry in the gallery. */
function shown(id: string, slug: string, says: string, more: More): VgicHazard {
  const { model, scope = {}, proof = scope, variant, expected } = BUGS.find((b) => b.slug === slug) as Bug;
  return { id, slug, says, model, scope, proof, edits: variant, property: expected.property, ...more };
}

const ASKED = 'a guest takes an interrupt only while its device asserts';
const MUTE = 'no device asserts while its line is masked';
const GATED = [[foldAcksAlways, vgicFoldLrState]] as unknown as Edits;
const GATED_EDGE = [...GATED, [setUp, setUpEdge]] as unknown as Edits;

/** All of them. */
export const VGIC_HAZARDS: readonly VgicHazard[] = [
  shown('H1, K6', 'vgic-irouter', 'an SPI whose IROUTER is repaired waits for another event', {
    kernels: ALL,
    assumes: 'the guest had given the SPI an affinity that no vCPU has',
  }),
  shown(
    'H2, H3, K5',
    'vgic-ctlr',
    'what is pending when the distributor goes off, or comes while it is, waits for another event',
    {
      kernels: ALL,
      assumes: 'the guest switches the distributor off and on with interrupts pending',
    },
  ),
  shown('W1', 'vgic-early-assertion', 'a level device asserts while its SPI is an edge, and the guest clears it', {
    kernels: ALL,
    assumes: 'the VMM arms the device before the guest has configured the SPI; the guest writes ICPENDR',
  }),
  {
    id: 'W1, W6',
    says: 'the same with a guest that does not clear it',
    model: vgicSetup,
    scope: { clear: 0, assertions: 0 },
    edits: GATED_EDGE,
    property: 'nothing is masked in the end',
    proof: { clear: 0, assertions: 0 },
    kernels: NEW,
    assumes:
      'a GICv3 host; the guest takes and ends the interrupt without an exit: the latch goes, the line was never up',
  },
  shown('W2', 'vgic-reset-armed', 'a reset of the GIC forgets an assertion that VFIO has masked', {
    kernels: ALL,
    assumes: 'the VMM resets the VGIC with the device armed, and does not unmask after it',
  }),
  {
    id: 'W3, H-7',
    says: 'an interrupt that ICACTIVER ends instead of EOIR leaves its device masked',
    model: vgicResample,
    scope: { crashes: 1 },
    edits: [],
    property: MUTE,
    proof: null,
    kernels: [],
    assumes: 'none: the line is still high, so the interrupt comes once more and is ended then',
  },
  shown('W4, H-7', 'vgic-irqfd-reassign', 'an irqfd taken away with its line high leaves its device masked', {
    kernels: ALL,
    assumes: 'the VMM takes the irqfd away and gives it back, and does not unmask',
  }),
  {
    id: 'W5',
    says: 'without a resamplefd the line stays up after the EOI',
    model: vgicResample,
    scope: { resamplefd: 0 },
    edits: [],
    property: ASKED,
    proof: null,
    kernels: ALL,
    assumes:
      'a level SPI, and a VMM that lowers its line too late or not at all: by design, whoever raises it lowers it',
  },
  shown(
    'W6, K1, H-3',
    'vgic-eoi-gate',
    'an interrupt that is taken and ended without an exit is not ended for its irqfd, and comes again',
    {
      kernels: NEW,
      assumes: 'a GICv3 host, a level SPI with a resamplefd, EOImode 0; ends with the first exit between IAR and EOIR',
    },
  ),
  {
    id: 'W6',
    says: 'the same on a GICv2 host',
    model: vgicResample,
    scope: { host: 2 },
    edits: GATED,
    property: ASKED,
    proof: null,
    kernels: [],
    assumes: 'none: there the list register alone decides',
  },
  {
    id: 'K4',
    says: 'a level interrupt that is made pending by ISPENDR while it is active does not come again',
    model: vgicSoftPend,
    scope: { writes: 1 },
    edits: [],
    property: 'what the guest has made pending comes',
    proof: null,
    kernels: ALL,
    assumes: 'the write comes between IAR and EOIR',
  },
  shown('K7', 'vgic-clear-in-lr', 'an edge that ICPENDR has cleared is taken', {
    kernels: ALL,
    assumes: 'its vCPU has it in a list register when another one writes',
  }),
  shown('K14', 'vgic-actives-lost', 'an interrupt that is active without a list register stays active after its EOI', {
    kernels: OLD,
    assumes: 'more active interrupts than list registers: a restored guest, or ISACTIVER',
  }),
  shown('K15', 'vgic-eoicount-drop', 'with EOImode 1, EOIR deactivates an interrupt that has no list register', {
    kernels: NEW,
    assumes: 'accesses to the CPU interface are trapped',
  }),
  shown('6da5e537f5af', 'vgic-overflow-head', 'EOIs beyond the list registers deactivate interrupts that have one', {
    kernels: ['6.19-rc'],
    assumes: 'an EOI of one without a list register, and another one taken, before the exit',
  }),
];
