// virq conform and virq exec --implementation: usage, absent oracles, and a run where there is one.

import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPowernvOracle, createQemuOracle, createVirtOracle } from '@virq/conformance';
import { describe, expect, it } from 'vitest';
import { folder, hasStack, ROOT, virq } from './__fixtures__/call.ts';

const dir = folder();
const VECTORS = join(ROOT, 'packages/x86-avic/src/__fixtures__/vectors');
const ABSENT = {
  env: {
    VIRQ_QEMU: '/nonexistent/qemu',
    VIRQ_QEMU_PPC: '/nonexistent/qemu-ppc',
    VIRQ_QEMU_ARM: '/nonexistent/qemu-arm',
  },
};
const qemu = await createQemuOracle().available();
const powernv = await createPowernvOracle().available();
const virt = await createVirtOracle().available();

describe('usage', () => {
  it.each([
    [['x86-avic'], 'VIRQ-C001', 'it takes kvm or qemu'],
    [['x86-avic', '--against', 'kvn'], 'VIRQ-O001', "did you mean 'kvm'"],
    [['x86-avci', '--against', 'kvm'], 'VIRQ-O001', "did you mean 'x86-avic'"],
    [['x86-avic', '--against', 'kvm', '--seeds', '0'], 'VIRQ-C001', '--seeds'],
    [['x86-avic', '--against', 'kvm', '--seeds', '9..3'], 'VIRQ-C001', '--seeds'],
    [['x86-avic', '--against', 'kvm', '--ops', '1.5'], 'VIRQ-C001', '--ops'],
    [['x86-avic', '--against', 'kvm', '--ops', '0'], 'VIRQ-C001', '--ops'],
  ])('%j: exit 2, %s', async (args, code, text) => {
    const r = await virq(['conform', ...args]);
    expect([r.code, r.out]).toEqual([2, '']);
    expect(r.err).toContain(code);
    expect(r.err).toContain(text);
    expect(hasStack(r.err)).toBe(false);
  });

  it('an absent oracle: exit 4 with what to install', async () => {
    const r = await virq(['conform', 'x86-avic', '--against', 'qemu'], ABSENT);
    expect([r.code, r.out]).toEqual([4, '']);
    expect(r.err).toContain('VIRQ-O002');
    expect(r.err).toContain('apt-get install -y --no-install-recommends qemu-system-x86');
  });

  it('alone it lists the comparisons and what is missing', async () => {
    const r = await virq(['conform', '--json'], ABSENT);
    const rows = r.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([r.code, rows.map((row) => `${row.backend} ${row.against}`)]).toEqual([
      0,
      ['x86-avic kvm', 'x86-avic qemu', 'ppc-xive qemu', 'arm-vgic qemu'],
    ]);
    expect(rows.slice(1).map((row) => [row.schema, row.missing.reason])).toEqual([
      ['virq/oracle@1', '/nonexistent/qemu is not installed'],
      ['virq/oracle@1', '/nonexistent/qemu-ppc is not installed'],
      ['virq/oracle@1', '/nonexistent/qemu-arm is not installed'],
    ]);
    const words = (await virq(['conform'], ABSENT)).out;
    expect(words).toContain('x86-avic --against qemu');
    expect(words).toContain('apt-get install -y --no-install-recommends qemu-system-ppc');
    expect(words).toContain('apt-get install -y --no-install-recommends qemu-system-arm');
  });
});

describe.skipIf(qemu !== null)(
  `against q35${qemu === null ? '' : ` (skipped: ${qemu.reason})`}`,
  { timeout: 120_000 },
  () => {
    const against = ['conform', 'x86-avic', '--against', 'qemu'];

    it('records what it runs, and replays it', async () => {
      const file = join(dir.path, 'vectors.jsonl');
      const r = await virq([...against, '--ops', '60', '--seeds', '2..3', '--record', file]);
      expect([r.code, r.err]).toEqual([0, '']);
      expect(r.out).toContain('60 operations');
      expect(r.out).toContain('✓ no unexplained difference');
      const lines = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines[0]).toMatchObject({
        schema: 'virq/vectors@1',
        implementation: 'qemu',
        date: '1970-01-01T00:00:00.000Z',
      });
      expect([lines.length, lines[1].seed, lines[1].op.op]).toEqual([61, 2, 'start']);
      const again = await virq([...against, '--replay', file, '--json']);
      expect([again.code, JSON.parse(again.out)]).toMatchObject([
        0,
        { schema: 'virq/conform@1', ops: 60, verdict: 'same' },
      ]);
    });

    it("wrong operations are the caller's fault: exit 2", async () => {
      const file = dir.file('bad.json', '[{"op":"start","backend":"ioapic"},{"op":"line","n":99,"level":1}]');
      const r = await virq([...against, '--replay', file]);
      expect([r.code, r.out]).toEqual([2, '']);
      expect(r.err).toContain('VIRQ-X003');
    });

    it('a difference is printed field by field, and saved: exit 1', async () => {
      // A machine that lies: the wrapper answers every load of the version register with another version.
      const lying = dir.file(
        'lying.ops.json',
        '[{"op":"start","backend":"ioapic"},{"op":"msi","addr":"0xfee00000","data":"0x41"},{"op":"reg","reg":1}]',
      );
      const wrapper = dir.file(
        'qemu',
        '#!/bin/sh\ncase "$1" in --version) exec qemu-system-x86_64 --version;; esac\nexec qemu-system-x86_64 -global ioapic.version=0x11 "$@"\n',
      );
      chmodSync(wrapper, 0o755);
      const save = join(dir.path, 'small.json');
      const r = await virq([...against, '--replay', lying, '--save', save], { env: { VIRQ_QEMU: wrapper } });
      expect(r.code).toBe(1);
      expect(r.out).toContain('out.value\n    model  "0x170020"\n    qemu   "0x170011"');
      expect(r.out).toContain('minimised to 2 operations');
      expect(r.out).toContain(`Next: virq conform x86-avic --against qemu --replay ${save}`);
      expect(JSON.parse(readFileSync(save, 'utf8'))).toEqual([
        { op: 'start', backend: 'ioapic' },
        { op: 'reg', reg: 1 },
      ]);
      expect(existsSync(save)).toBe(true);
      const exec = await virq(['exec', '--backend', 'x86-avic', '--implementation', 'qemu', '--file', save]);
      expect(
        exec.out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).out?.value),
      ).toEqual([undefined, '0x170020']);
    });
  },
);

describe.skipIf(powernv !== null)(
  `against powernv${powernv === null ? '' : ` (skipped: ${powernv.reason})`}`,
  { timeout: 120_000 },
  () => {
    const against = ['conform', 'ppc-xive', '--against', 'qemu'];

    it('random sequences on both generations, and recorded ones', async () => {
      const r = await virq([...against, '--ops', '80', '--seeds', '2..3']);
      expect([r.code, r.err]).toEqual([0, '']);
      expect(r.out).toContain('ppc-xive, model of qemu, against qemu 7.2');
      expect(r.out).toContain('80 operations');
      expect(r.out).toContain('✓ no unexplained difference');
      const file = join(ROOT, 'packages/ppc-xive/src/__fixtures__/vectors/xive10.ops.json');
      const replayed = await virq([...against, '--replay', file, '--json']);
      expect([replayed.code, JSON.parse(replayed.out)]).toMatchObject([0, { ops: 22, verdict: 'same' }]);
    });

    it('a difference is minimised: exit 1', async () => {
      const seen = dir.file(
        'seen.json',
        JSON.stringify([
          { op: 'start', backend: 'xive9', observe: ['pq'] },
          { op: 'nvt', idx: 1 },
          { op: 'esb', lisn: 2, cmd: 'set_pq_11' },
          { op: 'esb', lisn: 2, cmd: 'store_eoi' },
        ]),
      );
      // A machine that lies: it turns a store to StoreEOI of LISN 2 into one to its trigger page.
      const wrapper = dir.file(
        'qemu-ppc',
        '#!/bin/bash\nif [ "$1" = --version ]; then exec qemu-system-ppc64 --version; fi\nexec qemu-system-ppc64 "$@" < <(exec sed -u "s/writeq 0x6010000050400/writeq 0x6010000040000/")\n',
      );
      chmodSync(wrapper, 0o755);
      const r = await virq([...against, '--replay', seen], { env: { VIRQ_QEMU_PPC: wrapper } });
      expect(r.code).toBe(1);
      expect(r.out).toContain('state.pq\n    model  [1,1,2,1,1,1,1,1]\n    qemu   [1,1,3,1,1,1,1,1]');
      expect(r.out).toContain('minimised to 3 operations');
    });
  },
);

describe.skipIf(virt !== null)(
  `against virt${virt === null ? '' : ` (skipped: ${virt.reason})`}`,
  { timeout: 120_000 },
  () => {
    const against = ['conform', 'arm-vgic', '--against', 'qemu'];

    it('random sequences on all three controllers, and recorded ones', async () => {
      const r = await virq([...against, '--ops', '200', '--seeds', '2..5']);
      expect([r.code, r.err]).toEqual([0, '']);
      expect(r.out).toContain('arm-vgic, model of qemu, against qemu 7.2');
      expect(r.out).toContain('200 operations');
      expect(r.out).toContain('✓ no unexplained difference');
      const file = join(ROOT, 'packages/arm-vgic/src/__fixtures__/vectors/its.ops.json');
      const replayed = await virq([...against, '--replay', file, '--json']);
      expect([replayed.code, JSON.parse(replayed.out)]).toMatchObject([0, { ops: 36, verdict: 'same' }]);
    });

    it('a difference is minimised: exit 1', async () => {
      const seen = dir.file(
        'seen-arm.json',
        JSON.stringify([
          { op: 'start', backend: 'gicv3', cpus: 1 },
          { op: 'irq_setup', intid: 40 },
          { op: 'd', reg: 'ISPENDR:4', value: '0x200' },
          { op: 'd', reg: 'ICPENDR:4', value: '0x200' },
        ]),
      );
      // A machine that lies: stores to GICD_ICPENDR1 go to GICD_ICACTIVER1.
      const wrapper = dir.file(
        'qemu-arm',
        '#!/bin/bash\nif [ "$1" = --version ]; then exec qemu-system-aarch64 --version; fi\nexec qemu-system-aarch64 "$@" < <(exec sed -u "s/writel 0x8000284/writel 0x8000384/")\n',
      );
      chmodSync(wrapper, 0o755);
      const r = await virq([...against, '--replay', seen], { env: { VIRQ_QEMU_ARM: wrapper } });
      expect(r.code).toBe(1);
      expect(r.out).toContain('state.pending\n    model  []\n    qemu   [41]');
      expect(r.out).toContain('minimised to 3 operations');
    });
  },
);

describe('exec --implementation', () => {
  it('qemu speaks the words of the recorded q35 vectors', async () => {
    const r = await virq([
      'exec',
      '--backend',
      'x86-avic',
      '--implementation',
      'qemu',
      '--file',
      join(VECTORS, 'q35-ioapic.ops.json'),
    ]);
    const recorded = readFileSync(join(VECTORS, 'q35-ioapic.qemu-7.2.jsonl'), 'utf8').trim().split('\n');
    for (const [i, line] of r.out.trim().split('\n').entries())
      expect(JSON.parse(line)).toMatchObject(JSON.parse(recorded[i] ?? ''));
  });

  it('kvm is the backend itself; another name is refused with the known ones', async () => {
    const kvm = await virq(['exec', '--backend', 'x86-avic', '--implementation', 'kvm'], { input: '{"op":"vm"}\n' });
    expect([kvm.code, JSON.parse(kvm.out).ret]).toEqual([0, 0]);
    const xen = await virq(['exec', '--backend', 'x86-avic', '--implementation', 'xen'], { input: '' });
    expect([xen.code, xen.err.includes('kvm, qemu')]).toEqual([2, true]);
  });
});
