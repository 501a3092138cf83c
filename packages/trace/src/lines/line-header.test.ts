import { describe, expect, it } from 'vitest';
import { createLineHeader, parseLineHeader } from './line-header.ts';
import { encodeText } from './text.ts';

function parse(line: string) {
  const bytes = encodeText(line);
  const h = createLineHeader();
  if (!parseLineHeader(bytes, 0, bytes.length, h)) return undefined;
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  return {
    comm: text(h.commStart, h.commEnd),
    pid: h.pid,
    tgid: h.tgid,
    cpu: h.cpu,
    time: [h.seconds, h.nanoseconds, h.unit],
    flags: text(h.flagsStart, h.flagsEnd),
    name: text(h.nameStart, h.nameEnd),
    text: text(h.textStart, bytes.length),
    style: h.style,
  };
}

const SET_IRQ = 'gsi 5 level 1 source 0';
const base = { tgid: -1, cpu: 1, flags: '', name: 'kvm_set_irq', text: SET_IRQ };

const CASES: readonly [string, string, object][] = [
  [
    'ftrace, 5 flags',
    `  python3-6541    [001] ..b1.  2493.484325: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, flags: '..b1.', time: [2493, 484325000, 'us'], style: 'ftrace' },
  ],
  [
    'ftrace, 4 flags',
    `  python3-6541    [001] d.h1  2493.484325: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, flags: 'd.h1', time: [2493, 484325000, 'us'], style: 'ftrace' },
  ],
  [
    'ftrace, no flags',
    `  python3-6541    [001]  2493.484325: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, time: [2493, 484325000, 'us'], style: 'ftrace' },
  ],
  [
    'ftrace, record-tgid',
    `  python3-6541    (   6540) [001] .....  2493.484325: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, tgid: 6540, flags: '.....', time: [2493, 484325000, 'us'], style: 'ftrace' },
  ],
  [
    'ftrace, tgid unknown',
    `  <idle>-0    (-------) [001] .....  2493.484325: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: '<idle>', pid: 0, flags: '.....', time: [2493, 484325000, 'us'], style: 'ftrace' },
  ],
  [
    'idle',
    `          <idle>-0       [001] d.h1.   251.542097: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: '<idle>', pid: 0, flags: 'd.h1.', time: [251, 542097000, 'us'], style: 'ftrace' },
  ],
  [
    'kworker with colon and dash',
    `kworker/0:314-29514 [001] .....  2493.534900: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'kworker/0:314', pid: 29514, flags: '.....', time: [2493, 534900000, 'us'], style: 'ftrace' },
  ],
  [
    'space and dash in the name',
    `     Web Content-12      [001] .....  1.000001: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'Web Content', pid: 12, flags: '.....', time: [1, 1000, 'us'], style: 'ftrace' },
  ],
  [
    'brackets in the name',
    `     a [000] b-12      [001] .....  1.000001: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'a [000] b', pid: 12, flags: '.....', time: [1, 1000, 'us'], style: 'ftrace' },
  ],
  [
    'a name that looks like a task',
    `  x-1 [000] y-12 [001] .....  1.000001: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'x-1 [000] y', pid: 12, flags: '.....', time: [1, 1000, 'us'], style: 'ftrace' },
  ],
  [
    'nanoseconds',
    `  python3-6541 [001] ..... 2493.484325123: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, flags: '.....', time: [2493, 484325123, 'ns'], style: 'ftrace' },
  ],
  [
    'a counting clock beyond 2^53',
    `  python3-6541 [001] ..... 18446734980937370261: kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'python3', pid: 6541, flags: '.....', time: [18446734980, 937370261, 'ticks'], style: 'ftrace' },
  ],
  [
    'trace-cmd report',
    ` qemu-system-x86-2334  [001]   125.419458: kvm_set_irq:          ${SET_IRQ}`,
    { ...base, comm: 'qemu-system-x86', pid: 2334, time: [125, 419458000, 'us'], style: 'trace-cmd' },
  ],
  [
    'trace-cmd report with flags',
    ` qemu-system-x86-2334  [001] d..1.   125.419458: kvm_set_irq:          ${SET_IRQ}`,
    { ...base, comm: 'qemu-system-x86', pid: 2334, flags: 'd..1.', time: [125, 419458000, 'us'], style: 'trace-cmd' },
  ],
  [
    'perf script',
    ` kworker/1:1-mm_ 16826 [001]  4323.494710:        kvm:kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'kworker/1:1-mm_', pid: 16826, time: [4323, 494710000, 'us'], style: 'perf' },
  ],
  [
    'perf script pid/tid',
    ` CPU 0/KVM  3450/3451  [001]  4323.494710:   kvm:kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'CPU 0/KVM', pid: 3451, tgid: 3450, time: [4323, 494710000, 'us'], style: 'perf' },
  ],
  [
    'perf script with period',
    ` node 25 [001]  4323.494710123:          1 kvm:kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'node', pid: 25, time: [4323, 494710123, 'ns'], style: 'perf' },
  ],
  [
    'perf script with flags',
    ` node 25 [001] d..1. 4323.494710: kvm:kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'node', pid: 25, flags: 'd..1.', time: [4323, 494710000, 'us'], style: 'perf' },
  ],
  [
    'perf script without cpu',
    ` node 25  4323.494710: kvm:kvm_set_irq: ${SET_IRQ}`,
    { ...base, comm: 'node', pid: 25, cpu: -1, time: [4323, 494710000, 'us'], style: 'perf' },
  ],
];

describe('parseLineHeader', () => {
  it.each(CASES)('%s', (_name, line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  it.each([
    '# tracer: nop',
    '',
    'cpus=2',
    'CPU:1 [LOST 3 EVENTS]',
    '  python3-6541    [001] .....  2493.484325: schedule <-do_idle',
    '[001]',
    'x [',
    ' => kvm_set_irq',
  ])('%j is no event', (line) => {
    expect(parse(line)).toBeUndefined();
  });
});
