import { array, bitmap, createArena, pool, struct, u1, u8, u32, u64 } from '@virq/irq-core/arena';
import { describe, expect, it } from 'vitest';
import { pathFault, readPath } from './state-path.ts';

const Pin = struct('pin', { level: u1, vec: u8 });
const layout = struct('root', {
  count: u32,
  wide: u64,
  set: bitmap(40),
  numbers: array(u8, 4),
  pins: array(Pin, 3),
  live: pool(Pin, 4),
});

const arena = createArena(layout);
arena.root.count = 7;
arena.root.wide = 0x1_0000_0002n;
arena.root.set.add(3);
arena.root.set.add(33);
arena.root.numbers.set(2, 9);
arena.root.pins.at(1).vec = 0x51;
arena.root.live.at(arena.root.live.alloc()).vec = 1;
arena.root.live.at(arena.root.live.alloc()).vec = 2;

describe('state paths', () => {
  const values: [string, unknown][] = [
    ['count', 7],
    ['wide', '0x100000002'],
    ['set', [3, 33]],
    ['numbers[2]', 9],
    ['pins[1].vec', 0x51],
    ['pins[2].level', 0],
    ['live[1].vec', 2],
    ['live[3].vec', 0],
    ['live.inUse', [0, 1]],
  ];
  for (const [path, value] of values)
    it(path, () => {
      expect(pathFault(layout, path)).toBeNull();
      expect(readPath(arena as never, path)).toEqual(value);
    });

  const faults: [string, RegExp][] = [
    ['', /the machine is no single value/],
    ['cuont', /no field 'cuont'/],
    ['count.x', /count is a value/],
    ['pins', /pins is no single value/],
    ['pins[0]', /pins\[0\] is no single value/],
    ['pins[3].vec', /pins has no element '3'/],
    ['pins[-1].vec', /pins has no element '-1'/],
    ['numbers', /no single value/],
    ['live.free', /live has no element 'free'/],
    ['constructor', /no field 'constructor'/],
    ['pins.at', /no element 'at'/],
    ['__proto__', /no field '__proto__'/],
  ];
  for (const [path, message] of faults)
    it(`'${path}' is refused`, () => expect(pathFault(layout, path)?.message).toMatch(message));

  it('every path that a diff prints can be read', () => {
    const before = new Uint8Array(arena.bytes.length);
    const printed = arena.diff(before).filter((c) => !c.path.includes('generation'));
    expect(printed.length).toBeGreaterThan(6);
    for (const { path, after } of printed) {
      expect(pathFault(layout, path)).toBeNull();
      expect(readPath(arena as never, path)).toEqual(after);
    }
  });
});
