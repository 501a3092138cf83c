// Devices, lines and eventfds without any VM, for the host side's own tests.

import { createArena, struct, type View } from '../../arena/index.ts';
import { bypassLayout, createBypass } from '../../bypass/index.ts';
import { createTrace, type TraceEvent } from '../../events/index.ts';
import { createHost, hostLayout, type SpuriousLimits } from '../../host/index.ts';
import { createEventfds, eventfdsLayout } from '../../kvm/index.ts';
import { createProcesses, processTable, run, straight } from '../../protocol/index.ts';
import { createVfio, type DeviceSpec, type VfioWorld, vfioLayout, virqfdInject } from '../index.ts';

const layout = (devices: number) =>
  struct('bench', {
    host: hostLayout({ irqs: 64, actions: 32 }),
    eventfds: eventfdsLayout(64),
    bypass: bypassLayout(16),
    vfio: vfioLayout(devices),
    processes: processTable(8, [virqfdInject]),
  });

/** A host with these devices; `time` moves only when a test says so. */
export function bench(specs: readonly DeviceSpec[], spurious?: SpuriousLimits) {
  const arena = createArena(layout(specs.length));
  const root: View<ReturnType<typeof layout>> = arena.root;
  const events: TraceEvent[] = [];
  const trace = createTrace();
  trace.on = true;
  trace.listener = (e) => void events.push(e);
  const clock = { now: 0 };
  const eventfds = createEventfds(root.eventfds);
  const host = createHost({
    state: root.host,
    trace,
    now: () => clock.now,
    ...(spurious === undefined ? {} : { spurious }),
  });
  const bypass = createBypass({ state: root.bypass, world: { kvms: [] }, kernel: '6.18' });
  const world = {} as VfioWorld & { vfio: ReturnType<typeof createVfio> };
  const processes = createProcesses<VfioWorld>(arena, root.processes, { protocols: [virqfdInject], machine: world });
  const vfio = createVfio({
    state: root.vfio,
    specs,
    host,
    eventfds,
    bypass,
    defer: (device) => void processes.spawn(virqfdInject, { device }),
  });
  world.vfio = vfio;
  const settle = (): void => void run(processes, straight());
  return {
    arena,
    host,
    vfio,
    eventfds,
    bypass,
    events,
    clock,
    settle,
    device: (i = 0) => root.vfio.devices.at(i),
    line: (irq: number) => root.host.irqs.at(irq),
  };
}
