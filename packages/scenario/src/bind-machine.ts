// The host of a scenario: its VMs with their backends' options, and its passed-through devices.

import type { AnyHostPart, HostOptions } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { HOST_OPTIONS, type MachineOptions, type VmSpec } from '@virq/irq-core/machine';
import type { PciId } from '@virq/irq-core/pci';
import type { DeviceSpec } from '@virq/irq-core/vfio';
import { type Binding, bindArgs, checkUnique } from './binding.ts';
import { suggest } from './did-you-mean.ts';
import { PINS, type ScenarioFile } from './schema.ts';

/** Room for what a scenario does, small enough for readable state. */
const VM_SIZES = { gsis: 4096, routes: 256, irqfds: 64 };
const HOST_SIZES = { eventfds: 128, processes: 32, irqs: 64, bypass: 64 };

/** Fields of the machine's state beside the VMs. */
const HOST_PARTS = ['clock', 'eventfds', 'host', 'bypass', 'pci', 'vfio', 'processes'];

function bindVm(b: Binding, i: number): VmSpec | null {
  const { name: _name, backend: backendName, ...given } = b.file.vms[i] as ScenarioFile['vms'][number];
  const backend = b.backends.get(backendName);
  if (backend === undefined) {
    const hint = suggest(backendName, [...b.backends.keys()]);
    b.report(['vms', i, 'backend'], 'VIRQ-S005', `no backend '${backendName}'`, hint);
    return null;
  }
  const { vm, checkVm } = backend.vocabulary;
  if (backend.host !== undefined) addPart(b, backend.host);
  const options = bindArgs(b, vm, given, { path: ['vms', i], what: '', together: checkVm });
  if (options === null) return null;
  const name = b.vmNames[i] as string;
  b.backendOf.set(name, backend);
  const vcpus = (options[backend.vocabulary.start?.vcpus ?? 'vcpus'] as number | undefined) ?? 1;
  return { name, backend, options, limits: { ...VM_SIZES, vcpus } };
}

type DeviceFile = NonNullable<ScenarioFile['devices']>[number];

const idOf = (id: string, firmware: string | undefined): PciId => ({
  vendor: Number.parseInt(id.slice(0, 4), 16),
  device: Number.parseInt(id.slice(5), 16),
  ...(firmware === undefined ? {} : { firmware }),
});

/** Wiring, identity and vectors: what has no default. */
const wiringOf = (d: DeviceFile): Partial<DeviceSpec> => ({
  ...(d.host_irq === undefined ? {} : { hostIrq: d.host_irq }),
  ...(d.slot === undefined
    ? {}
    : { place: { slot: d.slot, pin: PINS.indexOf(d.pin ?? 'INTA'), behind: d.behind ?? [] } }),
  ...(d.id === undefined ? {} : { id: idOf(d.id, d.firmware) }),
  ...(d.msi === undefined ? {} : { msi: d.msi }),
  ...(d.msix === undefined ? {} : { msix: d.msix }),
});

const deviceSpec = (d: DeviceFile): DeviceSpec => ({
  ...wiringOf(d),
  name: d.name,
  kind: d.kind,
  vf: d.vf === true,
  edge: d.edge === true,
  exclusive: d.exclusive === true,
  disIntxWritable: d.disintx_writable !== false,
  disIntxWorks: d.disintx_works !== false,
  statusWorks: d.status_works !== false,
  quirk: d.quirk === true,
  noIntx: d.nointx === true,
});

function addPart(b: Binding, part: AnyHostPart): void {
  if (!b.parts.includes(part)) b.parts.push(part);
}

/** The `host` section: parts by name, then the options of all parts. */
function bindHost(b: Binding): HostOptions {
  const { parts: names = [], ...given } = b.file.host ?? {};
  for (const [i, name] of names.entries()) {
    const part = b.available.find((p) => p.name === name);
    if (part !== undefined) addPart(b, part);
    else
      b.report(
        ['host', 'parts', i],
        'VIRQ-S006',
        `no part '${name}'`,
        suggest(
          name,
          b.available.map((p) => p.name),
        ),
      );
  }
  const specs = Object.assign({}, HOST_OPTIONS, ...b.parts.map((p) => p.options));
  return bindArgs(b, specs, given, { path: ['host'], what: '' }) ?? {};
}

/** Binds everything that exists before the first step. Sizes are 4096 GSIs, 256 routes and 64 irqfds per VM, 128 eventfds per host. */
export function bindMachine(b: Binding): MachineOptions {
  const vms = b.file.vms.map((_, i) => bindVm(b, i)).filter((vm) => vm !== null);
  const host = bindHost(b);
  checkUnique(b, b.vmNames, { field: 'vms', reserved: [...HOST_PARTS, ...b.parts.map((p) => p.name)] });
  const devices = b.file.devices ?? [];
  checkUnique(
    b,
    devices.map((d) => d.name),
    { field: 'devices', reserved: [] },
  );
  return {
    vms,
    host,
    parts: b.parts,
    limits: HOST_SIZES,
    devices: devices.map(deviceSpec),
    ...(b.file.kernel === undefined ? {} : { kernel: b.file.kernel as KernelVersion }),
  };
}
