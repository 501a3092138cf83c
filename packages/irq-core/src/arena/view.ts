// Binds a declared layout to memory: one class per struct, made once, with prototype accessors (no Proxy, no code generation at run time).

import { accessor, type ViewBase, wide } from './accessors.ts';
import { bindScalars, CompositeArrayView } from './arrays.ts';
import { bindBitmap } from './bitmap.ts';
import type { Kind, StructKind } from './kinds.ts';
import type { Memory } from './memory.ts';
import { extent, type Placement, place } from './placement.ts';
import { PoolView } from './pool.ts';

type StructClass = new (m: Memory, at: number, kind: StructKind) => object;

/** Classes by the look of the struct: machines of different sizes share them, and the engine sees few kinds of object. */
const classes = new Map<string, StructClass>();
const classOf: Readonly<Record<'plain' | 'recording', WeakMap<object, StructClass>>> = {
  plain: new WeakMap(),
  recording: new WeakMap(),
};

const isScalar = (kind: Kind): boolean => kind.tag === 'int' || kind.tag === 'bits';

/** Binds one composite kind at a byte offset. `name` is the path used in messages. */
export function bind(kind: Kind, m: Memory, at: number, name: string): unknown {
  switch (kind.tag) {
    case 'struct':
      return new (structClass(kind as StructKind, m.footprint !== null))(m, at, kind as StructKind);
    case 'bitmap':
      return bindBitmap(m, at, kind.bits);
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
  if (of.tag === 'int' || of.tag === 'bits') return bindScalars(m, at, of, length);
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

const isComposite = (p: Placement): boolean => !isScalar(p.kind) && p.kind.tag !== 'u64';

/** Everything that the accessors depend on. */
function lookOf(kind: StructKind, record: boolean): string {
  const { fields } = place(kind);
  const looks = fields.map((p) => {
    const be = (p.kind.tag === 'int' || p.kind.tag === 'u64') && p.kind.be;
    return isComposite(p) ? [p.name] : [p.name, p.kind.tag, be, p.offset, p.bytes, p.shift, p.width];
  });
  return JSON.stringify([kind.name, record, looks]);
}

function makeClass(kind: StructKind, record: boolean): StructClass {
  const made = class implements ViewBase {
    readonly _8: Uint8Array;
    readonly _16: Uint16Array;
    readonly _32: Uint32Array;
    readonly _m: Memory;
    readonly _at: number;
    constructor(m: Memory, at: number, own: StructKind) {
      const { fields, size } = place(own);
      this._8 = m.u8.subarray(at, at + size);
      this._16 = m.u16.subarray(at >> 1, (at + size) >> 1);
      this._32 = m.u32.subarray(at >> 2, (at + size) >> 2);
      this._m = m;
      this._at = at;
      const view = this as unknown as Record<string, unknown>;
      for (const p of fields)
        if (isComposite(p)) view[p.name] = bind(p.kind, m, at + p.offset, `${own.name}.${p.name}`);
    }
  };
  defineScalars(made.prototype, place(kind).fields, record);
  return made;
}

function structClass(kind: StructKind, record: boolean): StructClass {
  const cache = classOf[record ? 'recording' : 'plain'];
  const known = cache.get(kind);
  if (known !== undefined) return known;
  const look = lookOf(kind, record);
  const made = classes.get(look) ?? makeClass(kind, record);
  classes.set(look, made);
  cache.set(kind, made);
  return made;
}
