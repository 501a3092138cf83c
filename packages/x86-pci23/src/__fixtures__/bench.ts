// A host with the part and a VM of one pin, for its own tests.

import { createMachine } from '@virq/irq-core/machine';
import { CONFIG, INTX_DISABLE } from '@virq/irq-core/pci';
import type { DeviceSpec } from '@virq/irq-core/vfio';
import { legacyAssignment } from '../index.ts';
import { guestPin } from '../models/guest-pin.ts';
import { guestOf, type IntxWorld } from '../models/world.ts';

/** The device of most tests. */
export const NIC: DeviceSpec = { name: 'nic', kind: 'pci', hostIrq: 16, msi: 1 };

/** Options of the part. */
export interface BenchOptions {
  readonly intx_masking?: string;
  readonly set_intx_mask?: string;
  readonly spurious_window?: number;
  readonly spurious_unhandled?: number;
}

/** A machine with these devices; every call is followed by whatever work it queued. */
export function bench(devices: readonly DeviceSpec[] = [NIC], host: BenchOptions = {}) {
  const small = { vcpus: 1, gsis: 1, routes: 1, irqfds: 1 };
  const machine = createMachine({
    kernel: '6.1',
    vms: [
      { backend: guestPin, limits: small },
      { backend: guestPin, limits: small },
    ],
    devices,
    parts: [legacyAssignment as never],
    host: host as Readonly<Record<string, unknown>>,
    limits: { eventfds: 8, processes: 16, irqs: 64, bypass: 8 },
  });
  const m = machine as IntxWorld;
  const part = m.parts.assign;
  const texts: string[] = [];
  m.trace.on = true;
  m.trace.listener = ({ name, fields }) => {
    if (name === 'kvm_set_irq') texts.push(`gsi ${fields['gsi']} level ${fields['level']} source ${fields['source']}`);
    if (name === 'genirq') texts.push(String(fields['text']));
  };
  const settled = <T>(value: T): T => {
    m.settle();
    return value;
  };
  return {
    m,
    part,
    /** Changes of GSIs and messages of the host's lines since the last call. */
    log: () => texts.splice(0),
    device: (i = 0) => part.state.devices.at(i),
    line: (irq = 16) => m.host.state.irqs.at(irq),
    guest: guestOf(m),
    assignDevice: (flags = 3, i = 0) => settled(part.assignDevice(0, { device: i, id: i, flags, mayAccess: true })),
    assignIrq: (flags = 0x101, i = 0) => settled(part.assignIrq(0, { id: i, flags, gsi: 0 })),
    deassignIrq: (flags = 0x101, i = 0) => settled(part.deassignIrq(0, { id: i, flags })),
    deassignDevice: (i = 0) => settled(part.deassignDevice(0, i)),
    setMask: (flags: number, i = 0) => settled(part.setIntxMask(0, { id: i, flags })),
    assert: (i = 0) => settled(m.pci.assert(i)),
    deassert: (i = 0) => settled(m.pci.deassert(i)),
    open: (i: number) => settled(m.vfio.open(i)),
    close: (i: number) => settled(m.vfio.close(i)),
    eoi: () => settled(guestOf(m).eoi()),
    /** User space writes bit 10 of the command register through sysfs. */
    sysfsDisIntx(on: boolean, i = 0) {
      const other = m.pci.read(i, CONFIG.COMMAND, 2) & ~INTX_DISABLE;
      settled(m.pci.write(i, CONFIG.COMMAND, 2, other | (on ? INTX_DISABLE : 0)));
    },
    masked: (i = 0) => m.pci.isMasked(i),
  };
}

/** The NIC assigned, with INTx on both sides. */
export function assigned(spec: Partial<DeviceSpec> = {}, flags = 3, host: BenchOptions = {}) {
  const b = bench(
    [
      { ...NIC, ...spec },
      { name: 'disk', kind: 'host', hostIrq: 16 },
    ],
    host,
  );
  b.assignDevice(flags);
  b.assignIrq();
  b.log();
  return b;
}
