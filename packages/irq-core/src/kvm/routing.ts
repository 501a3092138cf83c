// GSI routing: validation, the per-GSI chains, the reverse map. Linux: virt/kvm/irqchip.c, KVM_SET_GSI_ROUTING in Documentation/virt/kvm/api.rst.

import { slotOf, type View } from '../arena/index.ts';
import { EINVAL, ENOMEM, ENOTTY } from '../errors.ts';
import { type KvmArch, ROUTE, type Route, type RouteInput } from './arch.ts';
import type { KvmState, RoutingEntry, routingTable } from './layout.ts';
import type { VmLimits } from './limits.ts';

type Table = View<ReturnType<typeof routingTable>>;

/** flags bit 0 of an MSI entry: `devid` is valid. */
export const MSI_VALID_DEVID = 1;

/** Reading and building routing tables of one VM. */
export interface Routing {
  /** Builds a new table from the entries. Returns its handle, or a negative errno with nothing built. */
  build(entries: readonly RouteInput[], flags: number): number;
  /** First entry of a GSI in the given table as 1 + index, 0 if it has no route. */
  first(table: number, gsi: number): number;
  entry(table: number, index: number): RoutingEntry;
  /** The table in force, which cannot be stale; only when there is one. */
  current(): Table;
  /** GSI to which acknowledgements of a chip pin go (the last entry naming it), -1 if none. */
  gsiOfPin(irqchip: number, pin: number): number;
  /** Index + 1 of the only entry of a GSI; 0 if it has none or several. Input of the irqfd snapshot. */
  sole(gsi: number): number;
}

/** Copies a route into another place that holds one. */
export function copyRoute(to: Route, from: Route): void {
  to.type = from.type;
  to.irqchip = from.irqchip;
  to.pin = from.pin;
  to.addressLo = from.addressLo;
  to.addressHi = from.addressHi;
  to.data = from.data;
  to.devid = from.devid;
  to.flags = from.flags;
}

/** Entry flags allowed: bit 0 for MSI, none otherwise (1.3.2 step 6a). */
const badFlags = (e: RouteInput): boolean =>
  e.type === ROUTE.MSI ? (e.flags & ~MSI_VALID_DEVID) !== 0 : e.flags !== 0;

/** Routing of one VM. `arch` is asked for every entry. */
export function createRouting(state: KvmState, limits: VmLimits, arch: () => KvmArch): Routing {
  const { tables } = state;
  /** The view of the table in force, and the handle for which it was taken. */
  let view = tables.slot(0);
  let viewed = 0;

  function current(): Table {
    const { table } = state;
    if (table !== viewed) {
      view = tables.slot(slotOf(table));
      viewed = table;
    }
    return view;
  }

  /** Same GSI twice: both must be IRQCHIP and name different chips. */
  function clashes(t: Table, input: RouteInput): boolean {
    for (let i = t.heads.get(input.gsi); i !== 0; i = t.entries.at(i - 1).next) {
      const e = t.entries.at(i - 1);
      if (e.type !== ROUTE.IRQCHIP || input.type !== ROUTE.IRQCHIP || e.irqchip === input.irqchip) return true;
    }
    return false;
  }

  function append(t: Table, index: number, gsi: number): void {
    let last = t.heads.get(gsi);
    if (last === 0) return t.heads.set(gsi, index + 1);
    while (t.entries.at(last - 1).next !== 0) last = t.entries.at(last - 1).next;
    t.entries.at(last - 1).next = index + 1;
  }

  function enter(t: Table, index: number, input: RouteInput): number {
    if (badFlags(input) || clashes(t, input)) return -EINVAL;
    const e = t.entries.at(index);
    const error = arch().setRoutingEntry(input, e);
    if (error !== 0) return error;
    e.gsi = input.gsi;
    append(t, index, input.gsi);
    if (e.type === ROUTE.IRQCHIP) t.gsiOfPin.set(e.irqchip * limits.pins + e.pin, input.gsi + 1);
    return 0;
  }

  /** Checks that need no table, in the kernel's order. */
  function precheck(entries: readonly RouteInput[], flags: number): number {
    if (arch().setGsi !== undefined) return -ENOTTY;
    if (!arch().canSetIrqRouting() || entries.length > limits.routes || flags !== 0) return -EINVAL;
    return entries.some((e) => e.gsi >= limits.gsis) ? -EINVAL : 0;
  }

  return {
    build(entries, flags) {
      const error = precheck(entries, flags);
      if (error !== 0) return error;
      const h = tables.alloc();
      if (h === 0) return -ENOMEM;
      const t = tables.at(h);
      t.nrGsis = entries.reduce((n, e) => Math.max(n, e.gsi + 1), 0);
      t.used = entries.length;
      for (const [i, input] of entries.entries()) {
        const failed = enter(t, i, input);
        if (failed === 0) continue;
        tables.free(h);
        return failed;
      }
      return h;
    },
    first(table, gsi) {
      if (table === 0) return 0;
      const t = tables.at(table);
      return gsi < t.nrGsis ? t.heads.get(gsi) : 0;
    },
    current,
    entry: (table, index) => tables.at(table).entries.at(index - 1),
    gsiOfPin(irqchip, pin) {
      return state.table === 0 ? -1 : current().gsiOfPin.get(irqchip * limits.pins + pin) - 1;
    },
    sole(gsi) {
      const { table } = state;
      const index = this.first(table, gsi);
      return index !== 0 && this.entry(table, index).next === 0 ? index : 0;
    },
  };
}
