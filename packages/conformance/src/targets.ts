// What can be compared with what: a backend, an oracle, how operations for both are made.

import type { AnyBackend } from '@virq/irq-core/backend';
import { KERNEL_VERSIONS, type KernelVersion } from '@virq/irq-core/kvm';
import type { Skip } from './compare/skips.ts';
import type { Generator } from './generate/generator.ts';
import { kvmSequences } from './generate/kvm.ts';
import { powernvSequences } from './generate/powernv.ts';
import { q35Sequences } from './generate/q35.ts';
import { virtSequences } from './generate/virt.ts';
import { X86_DIFFERENCES } from './known-differences.ts';
import { createKvmOracle } from './kvm/index.ts';
import type { Oracle } from './oracle.ts';
import { createPowernvOracle } from './qemu/powernv/index.ts';
import { createQemuOracle } from './qemu/q35/index.ts';
import { createVirtOracle } from './qemu/virt/index.ts';

/** One comparison that can be made. */
export interface Target {
  readonly backend: string;
  /** Name of the oracle, and what is compared. */
  readonly against: string;
  readonly summary: string;
  readonly generator: Generator;
  readonly skips: readonly Skip[];
  /** `VIRQ_QEMU`, `VIRQ_QEMU_PPC` and `VIRQ_QEMU_ARM` name other QEMUs. */
  createOracle(env: Readonly<Record<string, string | undefined>>): Oracle;
  /** The side of the backend that models this oracle. */
  model(backend: AnyBackend): AnyBackend | undefined;
}

/** All of them. */
export const TARGETS: readonly Target[] = [
  {
    backend: 'x86-avic',
    against: 'kvm',
    summary: 'PIC, IOAPIC, LAPICs, routing, irqfds and MSI of /dev/kvm',
    generator: kvmSequences,
    skips: X86_DIFFERENCES,
    createOracle: createKvmOracle,
    model: (backend) => backend,
  },
  {
    backend: 'x86-avic',
    against: 'qemu',
    summary: "IOAPIC and MSI of QEMU's q35 over qtest",
    generator: q35Sequences,
    skips: X86_DIFFERENCES,
    createOracle: (env) => createQemuOracle(env['VIRQ_QEMU']),
    model: (backend) => backend.implementations?.['qemu'],
  },
  {
    backend: 'ppc-xive',
    against: 'qemu',
    summary: "XIVE of QEMU's powernv9 and powernv10 over qtest: sources, ENDs and queues, NVTs, thread contexts",
    generator: powernvSequences,
    // None stays: what QEMU 7.2 does in its own way is a profile of the model.
    skips: [],
    createOracle: (env) => createPowernvOracle(env['VIRQ_QEMU_PPC']),
    model: (backend) => backend.implementations?.['qemu'],
  },
  {
    backend: 'arm-vgic',
    against: 'qemu',
    summary:
      "GICv2, GICv3 and ITS of QEMU's virt: registers and lines over qtest, CPU interfaces by a few instructions",
    generator: virtSequences,
    // None stays: what QEMU 7.2 does in its own way is the model's.
    skips: [],
    createOracle: (env) => createVirtOracle(env['VIRQ_QEMU_ARM']),
    model: (backend) => backend.implementations?.['qemu'],
  },
];

const asNumber = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** The modelled kernel for a release: the first one that is not older, else the newest. */
export function kernelFor(release: string): KernelVersion {
  const known = [...KERNEL_VERSIONS].sort((a, b) => asNumber(a) - asNumber(b));
  return known.find((k) => asNumber(k) >= asNumber(release)) ?? (known.at(-1) as KernelVersion);
}
