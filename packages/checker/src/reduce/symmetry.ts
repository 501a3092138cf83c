// Interchangeable instances: every permutation of them as a map of atoms and of values. Of all images of a state one is kept.

import { walk } from '@virq/irq-core/arena';
import { ModelError } from '@virq/irq-core/errors';
import type { Sort, System } from '@virq/irq-core/protocol';
import type { Atoms } from '../learn/atoms.ts';

/** One permutation of instances, as it acts on states. */
export interface Permutation {
  /** Sorts that it permutes, for messages. */
  readonly of: string;
  /** Where the content of an atom goes. */
  atom(from: number): number;
  /** What a value becomes on the way. */
  value(from: number, value: number): number;
  /** Which process takes the part of another. */
  pid(from: number): number;
}

/** Most images per state; beyond that a search without symmetry is faster. */
const MOST = 120;

/** All orders of 0..n-1. */
function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}

/** A path pattern with `*` for any index, as an expression that captures the index behind it. */
const pattern = (text: string, tail: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[.[\]]/g, '\\$&').replaceAll('*', '\\d+')}${tail}`);

/** Names of all atoms outside the frames, with an index for every bit of a bitmap. */
function namesOf({ arena }: System, atoms: Atoms): Map<number, string> {
  const names = new Map<number, string>();
  const name = (path: string, bit: number): void => {
    const ids: number[] = [];
    atoms.within(bit >> 5, 1 << (bit & 31), ids);
    names.set(ids[0] as number, path);
  };
  walk(arena.kind, '', 0, {
    scalar: (path, c) => name(path, c.offset * 8 + c.shift),
    u64(path, lo, hi) {
      name(`${path}Lo`, lo.offset * 8);
      name(`${path}Hi`, hi.offset * 8);
    },
    bitmap(path, offset, bits) {
      for (let b = 0; b < bits; b++) name(`${path}[${b}]`, offset * 8 + b);
    },
  });
  return names;
}

/** What a sort says of the atoms of a system. */
interface Roles {
  /** Replaces the indices of a path by their images. */
  rename(path: string, to: readonly number[]): string;
  /** Whether the value of an atom is an instance (0), an instance + 1 (1), or none (-1). */
  offset(atom: number, path: string | undefined): number;
}

function localAtoms(system: System, atoms: Atoms, names: readonly string[]): Set<number> {
  const { processes } = system;
  const found = new Set<number>();
  for (let pid = 0; pid < processes.capacity; pid++) {
    const running = processes.isAlive(pid) ? [processes.protocolOf(pid)] : processes.protocols;
    for (const { locals } of running)
      walk(locals, '', processes.placeOf(pid).locals, {
        scalar(path, c) {
          if (!names.includes(path)) return;
          const ids: number[] = [];
          const mask = c.width >= 32 ? -1 : ((1 << c.width) - 1) << ((c.offset & 3) * 8 + c.shift);
          atoms.within(c.offset >> 2, mask, ids);
          if (ids.length !== 1)
            throw new ModelError(
              `local '${path}' names an instance and shares its bits with locals of other protocols`,
              {
                hint: 'declare the locals that name instances as u8, in every protocol',
              },
            );
          for (const id of ids) found.add(id);
        },
        u64: () => undefined,
        bitmap: () => undefined,
      });
  }
  return found;
}

function rolesOf(system: System, atoms: Atoms, sort: Sort): Roles {
  const arrays = sort.arrays.map((a) => pattern(a, '\\[(\\d+)\\]'));
  const values = (sort.values ?? []).map((v) => pattern(v, '$'));
  const handles = (sort.handles ?? []).map((v) => pattern(v, '$'));
  const locals = localAtoms(system, atoms, sort.locals ?? []);
  return {
    rename(path, to) {
      const cuts = arrays.flatMap((a) => {
        const match = a.exec(path);
        return match === null
          ? []
          : [{ end: match[0].length, digits: (match[1] as string).length, index: Number(match[1]) }];
      });
      let renamed = path;
      for (const { end, digits, index } of cuts.sort((a, b) => b.end - a.end))
        renamed = `${renamed.slice(0, end - 1 - digits)}${to[index] ?? index}${renamed.slice(end - 1)}`;
      return renamed;
    },
    offset(atom, path) {
      if (locals.has(atom) || (path !== undefined && values.some((v) => v.test(path)))) return 0;
      return path !== undefined && handles.some((v) => v.test(path)) ? 1 : -1;
    },
  };
}

/** One permutation of one sort. */
function permutation(system: System, atoms: Atoms, sort: Sort, to: readonly number[]): Permutation {
  const { processes } = system;
  const names = namesOf(system, atoms);
  const byName = new Map([...names].map(([atom, name]) => [name, atom]));
  const roles = rolesOf(system, atoms, sort);
  const pids = Array.from({ length: processes.capacity }, (_, pid) => pid);
  for (const group of sort.processes ?? [])
    group.forEach((pid, i) => {
      pids[pid] = group[to[i] as number] as number;
    });
  const starts = pids.map((_, pid) => atoms.at(processes.placeOf(pid).protocol));
  const end =
    starts.length > 1 ? (starts.at(-1) as number) + (starts[1] as number) - (starts[0] as number) : atoms.list.length;
  const slotOf = (atom: number): number => (atom >= end ? -1 : starts.findLastIndex((s) => s <= atom));
  const target = atoms.list.map((_, atom) => {
    const slot = slotOf(atom);
    if (slot >= 0) return (starts[pids[slot] as number] as number) + atom - (starts[slot] as number);
    const name = names.get(atom);
    if (name === undefined) return atom;
    const renamed = byName.get(roles.rename(name, to));
    if (renamed === undefined)
      throw new ModelError(
        `symmetry ${sort.name}: ${name} would become ${roles.rename(name, to)}, which does not exist`,
      );
    return renamed;
  });
  const offsets = atoms.list.map((_, atom) => roles.offset(atom, names.get(atom)));
  const holders = new Set([...names].flatMap(([atom, name]) => (/(^|\.)holder$/.test(name) ? [atom] : [])));
  return {
    of: sort.name,
    atom: (from) => target[from] as number,
    pid: (from) => pids[from] as number,
    value(from, value) {
      if (holders.has(from)) return value === 0 ? 0 : (pids[value - 1] as number) + 1;
      const offset = offsets[from] as number;
      return offset < 0 || value < offset ? value : (to[value - offset] ?? value - offset) + offset;
    },
  };
}

const compose = (a: Permutation, b: Permutation): Permutation => ({
  of: `${a.of} × ${b.of}`,
  atom: (from) => b.atom(a.atom(from)),
  pid: (from) => b.pid(a.pid(from)),
  value: (from, value) => b.value(a.atom(from), a.value(from, value)),
});

/**
 * All permutations of a system's sorts but the identity. Throws ModelError if a sort names what does not exist, or if there are more
 * than 120 in all.
 */
export function permutationsOf(system: System, atoms: Atoms): Permutation[] {
  let all: (Permutation | null)[] = [null];
  for (const sort of system.symmetry) {
    const of = orders(sort.size).map((to) =>
      to.every((t, i) => t === i) ? null : permutation(system, atoms, sort, to),
    );
    all = all.flatMap((a) => of.map((b) => (a === null ? b : b === null ? a : compose(a, b))));
    if (all.length > MOST)
      throw new ModelError(`${system.name}: ${all.length} permutations of interchangeable instances, at most ${MOST}`, {
        hint: 'make the scope smaller or leave a sort out',
      });
  }
  return all.filter((p) => p !== null);
}
