// Devices, lines and eventfds without any VM, for the host side's own tests.

import { createArena, struct, type View } from '../../arena/index.ts';
import { bypassLayout, createBypass } from '../../bypass/index.ts';
import { createTrace, type TraceEvent } from '../../events/index.ts';
import { createHost, HOST_PROTOCOLS, type HostWorld, hostLayout, type SpuriousLimits } from '../../host/index.ts';
import { createEventfds, eventfdsLayout } from '../../kvm/index.ts';
import { createPci, pciLayout } from '../../pci/index.ts';
import { type AnyProtocol, createProcesses, processTable, run, straight } from '../../protocol/index.ts';
import { createVfio, type DeviceSpec, type VfioWorld, vfioIntxEnable, vfioLayout, virqfdInject } from '../index.ts';

type World = VfioWorld & HostWorld;

const PROTOCOLS: readonly AnyProtocol<World>[] = [virqfdInject, vfioIntxEnable, ...HOST_PROTOCOLS];

const layout = (devices: number) =>
  struct('bench', {
    host: hostLayout({ irqs: 64, actions: 32 }),
    eventfds: eventfdsLayout(64),
    bypass: bypassLayout(16),
    pci: pciLayout(devices),
    vfio: vfioLayout(devices),
    processes: processTable(8, PROTOCOLS),
  });

/** A host with these devices; `time` moves only when a test says so. */
export function bench(specs: readonly DeviceSpec[], spurious?: SpuriousLimits, nointxmask = false) {
  const arena = createArena(layout(specs.length));
  const root: View<ReturnType<typeof layout>> = arena.root;
  const events: TraceEvent[] = [];
  const trace = createTrace();
  trace.on = true;
  trace.listener = (e) => void events.push(e);
  const clock = { now: 0 };
  const eventfds = createEventfds(root.eventfds);
  const world = {} as { host: ReturnType<typeof createHost>; vfio: ReturnType<typeof createVfio> };
  const processes = createProcesses<World>(arena, root.processes, { protocols: PROTOCOLS, machine: world });
  const host = createHost({
    state: root.host,
    trace,
    processes: () => processes as never,
    now: () => clock.now,
    ...(spurious === undefined ? {} : { spurious }),
  });
  const bypass = createBypass({ state: root.bypass, world: { kvms: [] }, kernel: '6.18' });
  const pci = createPci(root.pci, host);
  const vfio = createVfio({
    state: root.vfio,
    specs,
    host,
    pci,
    nointxmask,
    eventfds,
    bypass,
    processes: () => processes as never,
    defer: (device) => void processes.spawn(virqfdInject, { device }),
  });
  Object.assign(world, { host, vfio });
  const settle = (): void => void run(processes, straight());
  return {
    arena,
    host,
    pci,
    vfio,
    eventfds,
    bypass,
    events,
    clock,
    settle,
    device: (i = 0) => root.vfio.devices.at(i),
    fn: (i = 0) => root.pci.functions.at(i),
    line: (irq: number) => root.host.irqs.at(irq),
  };
}
