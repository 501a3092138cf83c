// Where a machine's frames are by the names of its registers: `CTLR`, or with a distance in bytes `ISPENDR:4`. One access, as qtest makes it.

import { VirqError } from '@virq/irq-core/errors';
import type { RegisterMap } from '@virq/irq-core/registers';
import { type Frame, gicv2Distributor, gicv2Interface } from './gicv2/frames.ts';
import { GICC, GICD as GICD_V2 } from './gicv2/registers.ts';
import { loadDistributor, loadRedistributor, storeDistributor, storeRedistributor } from './gicv3/frames.ts';
import { GICD as GICD_V3, GICR_RD, GICR_SGI } from './gicv3/registers.ts';
import { control } from './its/control.ts';
import { GITS } from './its/registers.ts';
import type { Virt } from './machine.ts';

/** Loads and stores of 1, 2, 4 or 8 bytes at an offset. */
export interface Port {
  load(m: Virt, at: Access): bigint;
  store(m: Virt, at: Access, value: bigint): void;
}

/** An access; `cpu` says whose redistributor. */
export interface Access {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
}

/** A frame of a GICv2. */
const narrow = (frame: Frame): Port => ({
  load: (m, { offset, size }) => BigInt(frame.read(m, offset, size)),
  store: (m, { offset, size }, value) => frame.write(m, offset, size, Number(value)),
});

const SGI_BASE = 0x10000;

/** A frame of a redistributor. */
const redistributor = (base: number): Port => ({
  load: (m, { cpu, offset, size }) => loadRedistributor({ m, n: cpu }, { offset: base + offset, size }),
  store: (m, { cpu, offset, size }, value) => storeRedistributor({ m, n: cpu }, { offset: base + offset, size }, value),
});

/** A frame with its registers; accesses are of `widest` bytes at most. */
export interface NamedFrame {
  readonly map: RegisterMap;
  readonly port: Port;
  readonly widest: number;
}

/** An access comes in parts, as wide as the frame takes and the address is aligned, the lowest first. QEMU: softmmu/physmem.c memory_access_size. */
function inParts({ widest }: NamedFrame, at: Access, part: (at: Access, shift: bigint) => void): void {
  for (let done = 0; done < at.size; ) {
    const offset = at.offset + done;
    const aligned = offset === 0 ? widest : offset & -offset;
    const size = Math.min(widest, aligned, at.size - done);
    part({ cpu: at.cpu, offset, size }, BigInt(8 * done));
    done += size;
  }
}

/** A load as qtest makes it. */
export function loadFrom(m: Virt, frame: NamedFrame, at: Access): bigint {
  let value = 0n;
  inParts(frame, at, (part, shift) => {
    value |= frame.port.load(m, part) << shift;
  });
  return value;
}

/** A store as qtest makes it. */
export const storeTo = (m: Virt, frame: NamedFrame, at: Access & { readonly value: bigint }): void =>
  inParts(frame, at, (part, shift) => frame.port.store(m, part, BigInt.asUintN(8 * part.size, at.value >> shift)));

/** By the word that reaches it, and the version of the GIC. */
export const FRAMES = {
  gicd2: { map: GICD_V2, port: narrow(gicv2Distributor), widest: 4 },
  gicc: { map: GICC, port: narrow(gicv2Interface), widest: 4 },
  gicd3: { map: GICD_V3, port: { load: loadDistributor, store: storeDistributor }, widest: 8 },
  rd: { map: GICR_RD, port: redistributor(0), widest: 8 },
  sgi: { map: GICR_SGI, port: redistributor(SGI_BASE), widest: 8 },
  gits: {
    map: GITS,
    widest: 8,
    port: {
      load: (m, { offset, size }) => (size === 8 ? control.read64(m, offset) : BigInt(control.read(m, offset, size))),
      store(m, { offset, size }, value) {
        if (size === 8) control.write64(m, offset, value);
        else control.write(m, offset, size, Number(value));
      },
    },
  },
} as const satisfies Readonly<Record<string, NamedFrame>>;

/** The distributor of a machine. */
export const distributorOf = ({ backend }: Virt): NamedFrame => (backend === 'gicv2' ? FRAMES.gicd2 : FRAMES.gicd3);

/** Registers of the architecture that a frame lacks, and names of an array that is several rows: an access meets a hole or the first row. */
const OTHERS: Readonly<Record<string, number>> = {
  TYPER2: 0x00c,
  STATUSR: 0x010,
  SGIR: 0xf00,
  CPENDSGIR: 0xf10,
  SPENDSGIR: 0xf20,
  IROUTER: 0x6000,
  AIAR: 0x20,
  AEOIR: 0x24,
  AHPPIR: 0x28,
  BASER: GITS.rows.BASER0.at,
};

/** Offset of `name` or `name:distance`. Throws VIRQ-X003 for a name that the frame does not have. */
export function offsetOf({ map }: NamedFrame, register: string): number {
  const [name = '', distance = '0'] = register.split(':');
  const at = Object.hasOwn(map.rows, name) ? map.rows[name]?.at : OTHERS[name];
  if (at === undefined) throw new VirqError('VIRQ-X003', `no register is called '${register}' here`);
  return at + Number(distance);
}
