// Binds a declared layout to memory: one class per struct, made once, with prototype accessors (no Proxy, no code generation at run time).

import { accessor, type ViewBase, wide } from './accessors.ts';
import { CompositeArrayView, ScalarArrayView } from './arrays.ts';
import { BitmapView } from './bitmap.ts';
import type { Kind, StructKind } from './kinds.ts';
import type { Memory } from './memory.ts';
import { extent, type Placement, place } from './placement.ts';
import { PoolView } from './pool.ts';

type StructClass = new (m: Memory, at: number) => object;
const classes: Readonly<Record<'plain' | 'recording', WeakMap<object, StructClass>>> = {
  plain: new WeakMap(),
  recording: new WeakMap(),
};

const isScalar = (kind: Kind): boolean => kind.tag === 'int' || kind.tag === 'bits';

/** Binds one composite kind at a byte offset. `name` is the path used in messages. */
export function bind(kind: Kind, m: Memory, at: number, name: string): unknown {
  switch (kind.tag) {
    case 'struct':
      return new (structClass(kind as StructKind, m.footprint !== null))(m, at);
    case 'bitmap':
      return new BitmapView(m, at, kind.bits);
    case 'array':
      return bindArray(kind, m, at, name);
    case 'pool': {
      const slotSize = place(kind.of).size;
      const bindSlot = (offset: number) => bind(kind.of, m, offset, name);
      return new PoolView(m, { name, base: at, length: kind.length, slotSize, bind: bindSlot });
    }
    default:
      throw new RangeError(`${name}: a ${kind.tag} is bound through its struct or array`);
  }
}

function bindArray({ of, length }: Kind & { tag: 'array' }, m: Memory, at: number, name: string): unknown {
  if (of.tag === 'int' || of.tag === 'bits') return new ScalarArrayView(m, at, of, length);
  const stride = strideOf(of);
  return new CompositeArrayView(length, (i) => bind(of, m, at + i * stride, name));
}

/** Bytes from one array element to the next. */
export function strideOf(of: Kind): number {
  const { size, align } = extent(of);
  return Math.ceil(size / align) * align;
}

function defineScalars(proto: object, fields: readonly Placement[], record: boolean): void {
  const define = (name: string, a: object) =>
    Object.defineProperty(proto, name, { ...a, enumerable: true, configurable: false });
  for (const p of fields) {
    if (isScalar(p.kind)) {
      const be = p.kind.tag === 'int' && p.kind.be;
      define(p.name, accessor({ ...p, be }, record));
    } else if (p.kind.tag === 'u64') {
      const { be } = p.kind;
      const half = (offset: number) => accessor({ offset, bytes: 4, shift: 0, width: 32, be }, record);
      define(`${p.name}Lo`, half(p.offset + (be ? 4 : 0)));
      define(`${p.name}Hi`, half(p.offset + (be ? 0 : 4)));
      define(p.name, wide(`${p.name}Lo`, `${p.name}Hi`));
    }
  }
}

function structClass(kind: StructKind, record: boolean): StructClass {
  const cache = classes[record ? 'recording' : 'plain'];
  const known = cache.get(kind);
  if (known !== undefined) return known;
  const { fields } = place(kind);
  const composites = fields.filter((p) => !isScalar(p.kind) && p.kind.tag !== 'u64');
  const made = class implements ViewBase {
    readonly _8: Uint8Array;
    readonly _16: Uint16Array;
    readonly _32: Uint32Array;
    readonly _m: Memory;
    readonly _at: number;
    constructor(m: Memory, at: number) {
      this._8 = m.u8;
      this._16 = m.u16;
      this._32 = m.u32;
      this._m = m;
      this._at = at;
      const own = this as unknown as Record<string, unknown>;
      for (const p of composites) own[p.name] = bind(p.kind, m, at + p.offset, `${kind.name}.${p.name}`);
    }
  };
  defineScalars(made.prototype, fields, record);
  cache.set(kind, made);
  return made;
}
