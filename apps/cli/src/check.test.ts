// virq check, virq gallery and virq run --replay, as a user calls them: good input, bad input, every exit code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, hasStack, virq } from './__fixtures__/call.ts';
import { EXIT } from './io.ts';

const { path, file } = folder();
const BUG = ['check', 'xive-mapping', '--variant', 'xive-fault-zap'];
const records = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('virq check', () => {
  it('without a name lists the models with sizes and variants', async () => {
    const { code, out } = await virq(['check']);
    expect(code).toBe(EXIT.OK);
    expect(out).toMatch(/^avic-ir-list$/m);
    expect(out).toContain('vcpus 1–3 (2): vCPUs');
    expect(out).toContain('variants: xive-fault-zap');
    expect(records((await virq(['check', '--json'])).out)[0]).toMatchObject({ schema: 'virq/model@1' });
  });

  it('proves a model and says what it proved', async () => {
    const { code, out } = await virq(['check', 'xive-mapping', '--scope', 'vcpus=1,touches=1']);
    expect(code).toBe(EXIT.OK);
    expect(out).toContain('xive-mapping (vcpus=1, touches=1): every interleaving is clean');
    expect(out).toContain('257 states · 475 transitions · depth 30 · 2 ends');
    expect(out).toContain('always: no freed slot is touched');
  });

  it('shows a counterexample, its schedule and the next command', async () => {
    const { code, out } = await virq(BUG);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toMatch(/^process 2 {2}xive_native_esb_fault$/m);
    expect(out).toContain('16 steps · schedule s1.2:1.2*5.0*9.2');
    expect(out).toContain('virq check xive-mapping --variant xive-fault-zap --scope vcpus=1,touches=2 --save');
  });

  it.each([
    ['another engine', ['--engine', 'plain']],
    ['no reductions', ['--no-reduce']],
    ['one reduction less', ['--without', 'partial-order']],
    ['two threads', ['--workers', '2']],
  ])('finds the same with %s', async (_name, options) => {
    const { code, out } = await virq([...BUG, ...options]);
    expect([code, out.includes('✗ the page in the guest is that of the source')]).toEqual([EXIT.FINDING, true]);
  });

  it('finds something depth first', async () => {
    expect((await virq([...BUG, '--search', 'dfs'])).code).toBe(EXIT.FINDING);
  });

  it('goes on with --all', async () => {
    expect((await virq([...BUG, '--all'])).out).toContain('✗ a device handed back leaves no page of its source');
  });

  it('judges one property with --property', async () => {
    const name = 'a device handed back leaves no page of its source in the guest';
    expect((await virq([...BUG, '--property', name])).out).toContain(`✗ ${name}`);
  });

  it.each([
    ['states', ['--max-states', '50']],
    ['depth', ['--max-depth', '5']],
  ])('says that it is incomplete when the bound on %s is hit', async (name, options) => {
    const { code, out } = await virq(['check', 'xive-mapping', ...options]);
    expect(code).toBe(EXIT.INCOMPLETE);
    expect(out).toContain(`incomplete: the bound on ${name} was hit`);
  });

  it('says which planted faults the properties notice', async () => {
    const { code, out } = await virq(['check', 'level-states', '--mutants']);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toContain("noticed  kvm_set_irq level without 'lock chip'");
    expect(out).toContain('8 faults planted, 1 survive');
  });

  it('plants faults into a symmetric model too', async () => {
    const { out } = await virq(['check', 'avic-ir-list', '--mutants', '--max-states', '5000']);
    expect(out).toContain("noticed  avic_pi_update_irte without 'deletePrevious'");
  });

  it('prints records with --json', async () => {
    const [head, violation] = records((await virq([...BUG, '--json'])).out);
    expect(head).toMatchObject({ schema: 'virq/check@1', name: 'xive-mapping', verdict: 'violated', violations: 1 });
    expect(violation).toMatchObject({ schema: 'virq/violation@1', schedule: 's1.2:1.2*5.0*9.2', instance: 0 });
  });

  it.each([
    ['a model that does not exist', ['check', 'xive-maping'], "did you mean 'xive-mapping'? ", /VIRQ-K003/],
    ['a variant that does not exist', ['check', 'xive-mapping', '--variant', 'x'], '', /VIRQ-K003/],
    ['a property that does not exist', ['check', 'xive-mapping', '--property', 'x'], '', /VIRQ-K003/],
    ['a size that does not exist', ['check', 'xive-mapping', '--scope', 'cpus=2'], '', /VIRQ-P003/],
    ['a size out of range', ['check', 'xive-mapping', '--scope', 'vcpus=9'], '', /VIRQ-P003/],
    ['a size that is none', ['check', 'xive-mapping', '--scope', 'vcpus'], '', /VIRQ-C001/],
    ['a reduction that does not exist', ['check', 'xive-mapping', '--without', 'x'], '', /VIRQ-C001/],
    ['a bound that is none', ['check', 'xive-mapping', '--max-states', '0'], '', /VIRQ-C001/],
    ['an engine that does not exist', ['check', 'xive-mapping', '--engine', 'x'], '', /VIRQ-C001/],
    ['a scenario that does not exist', ['check', 'nowhere.yaml'], '', /VIRQ-C002/],
    ['a scenario without concurrent:', ['check', 'examples/intx-resample.yaml'], '', /VIRQ-S020/],
    ['mutants of a variant', [...BUG, '--mutants'], '', /VIRQ-C001/],
    ['a bug that does not exist', ['gallery', 'avic'], '', /VIRQ-K003/],
    ['nothing to run', ['run'], '', /VIRQ-C001/],
  ])('refuses %s', async (_name, args, _hint, code) => {
    const { code: exit, err } = await virq(args);
    expect([exit, hasStack(err)]).toEqual([EXIT.USAGE, false]);
    expect(err).toMatch(code);
  });
});

describe('scenarios', () => {
  it.each([
    ['check-routing-race.yaml', EXIT.OK, 'every interleaving is clean'],
    ['check-intx-without-resample.yaml', EXIT.OK, 'violated, as expected'],
  ])('%s', async (name, exit, text) => {
    const { code, out } = await virq(['check', `examples/${name}`]);
    expect([code, out.includes(text)]).toEqual([exit, true]);
  });

  it('a violation that is expected and does not come is a finding', async () => {
    const text = readFileSync(new URL('../../../examples/check-routing-race.yaml', import.meta.url), 'utf8');
    const scenario = file('expects.yaml', text.replace('expect: ok', 'expect: violation of it arrives'));
    const { code, out } = await virq(['check', scenario]);
    expect([code, out.includes('✗ expected: violation of "it arrives"')]).toEqual([EXIT.FINDING, true]);
  });

  it('a witness that no state shows is an error with a position', async () => {
    const text = readFileSync(new URL('../../../examples/check-routing-race.yaml', import.meta.url), 'utf8');
    const scenario = file('unreached.yaml', text.replace('holds: 0x31 in', 'holds: 0x77 in'));
    const { code, err } = await virq(['check', scenario]);
    expect(code).toBe(EXIT.USAGE);
    expect(err).toMatch(/unreached\.yaml:\d+:\d+: VIRQ-S017/);
  });
});

describe('a saved counterexample', () => {
  const saved = join(path, 'counterexample.json');

  it('is stepped through by run --replay', async () => {
    await virq([...BUG, '--save', saved, '--itf', join(path, 'trace.itf.json')]);
    const { code, out } = await virq(['run', '--replay', saved]);
    expect([code, out.includes('✗ the page in the guest is that of the source')]).toEqual([EXIT.OK, true]);
    expect(records((await virq(['run', '--replay', saved, '--json'])).out)).toHaveLength(17);
    const itf = JSON.parse(readFileSync(join(path, 'trace.itf.json'), 'utf8'));
    expect(itf.states[16].mapping).toEqual({ mappingLock: { holder: { '#bigint': '0' } }, pte: { '#bigint': '1' } });
    expect([itf.vars, itf.states.length]).toEqual([['source', 'mapping', 'device', 'processes'], 17]);
  });

  it('says so when the schedule no longer breaks anything', async () => {
    const text = readFileSync(saved, 'utf8').replace(/"schedule": "[^"]*"/, '"schedule": "s1.0"');
    const { code, out } = await virq(['run', '--replay', file('repaired.json', text)]);
    expect([code, out.includes('✓ holds at the end')]).toEqual([EXIT.FINDING, true]);
  });

  it.each([
    ['that is no JSON', '{ "virq": ', /1:\d+: no JSON.*VIRQ-K001/],
    ['of another kind', '{"virq": "snapshot/1"}', /VIRQ-K002/],
    ['with a field missing', '{"virq": "counterexample/1", "property": "x"}', /kind is missing.*VIRQ-K002/],
  ])('%s is refused', async (_name, text, message) => {
    const { code, err } = await virq(['run', '--replay', file('bad.json', text)]);
    expect([code, hasStack(err)]).toEqual([EXIT.USAGE, false]);
    expect(err).toMatch(message);
  });

  it('whose schedule does not fit is refused with the step', async () => {
    const text = readFileSync(saved, 'utf8').replace(/"schedule": "[^"]*"/, '"schedule": "s1.1"');
    const { code, err } = await virq(['run', '--replay', file('stuck.json', text)]);
    expect([code, err.includes("step 1 of the schedule: process 1 cannot move at 'await' (VIRQ-K004)")]).toEqual([
      EXIT.USAGE,
      true,
    ]);
  });

  it('cannot be combined with a scenario', async () => {
    expect((await virq(['run', 'x.yaml', '--replay', saved])).err).toContain('--replay takes no scenario');
  });
});

describe('a swarm', () => {
  const results = [1, 2].map((i) => join(path, `shard-${i}.json`));

  it('is explored shard by shard and merged', async () => {
    for (const [i, save] of results.entries()) {
      const { code } = await virq([...BUG, '--shard', `${i + 1}/3`, '--save', save]);
      expect(code).toBe(EXIT.FINDING);
    }
    const { code, out } = await virq(['merge', ...results]);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toContain('xive-mapping: violated; 2 of 3 shards');
    expect(out).toContain('missing shards: 3');
    expect(out).toContain('✗ the page in the guest is that of the source');
    expect(out).toContain('  schedule s1.');
  });

  it('that found nothing is incomplete unless a shard saw everything', async () => {
    const save = join(path, 'clean.json');
    await virq(['check', 'xive-mapping', '--shard', '1/2', '--max-states', '100', '--save', save]);
    expect((await virq(['merge', save])).code).toBe(EXIT.INCOMPLETE);
    await virq(['check', 'xive-mapping', '--shard', '1/2', '--save', save]);
    expect((await virq(['merge', save, '--json'])).code).toBe(EXIT.OK);
  });

  it.each([
    ['bitstate', EXIT.INCOMPLETE, 'states may be missing'],
    ['fingerprint', EXIT.OK, 'probability that a state is missing: below'],
  ])('--store %s says what it is worth', async (store, exit, text) => {
    const { code, out } = await virq(['check', 'xive-mapping', '--store', store]);
    expect([code, out.includes(text)]).toEqual([exit, true]);
  });

  it.each([
    ['a shard that is none', ['check', 'xive-mapping', '--shard', '3/2'], /VIRQ-C001/],
    ['a store that is none', ['check', 'xive-mapping', '--store', 'disk'], /VIRQ-C001/],
    ['a file that is no result', ['merge', 'package.json'], /VIRQ-K002/],
    ['a file that does not exist', ['merge', 'nowhere.json'], /VIRQ-C002/],
  ])('refuses %s', async (_name, args, message) => {
    const { code, err } = await virq(args);
    expect([code, hasStack(err)]).toEqual([EXIT.USAGE, false]);
    expect(err).toMatch(message);
  });
});

describe('virq gallery', () => {
  it('lists the bugs', async () => {
    const { code, out } = await virq(['gallery']);
    expect([code, out.includes('avic-ir-list '), /\n\d+ bugs\./.test(out)]).toEqual([EXIT.OK, true, true]);
  });

  it('shows one: story, both forms, counterexample, proof', async () => {
    const { code, out } = await virq(['gallery', 'gicv4-doorbell']);
    expect(code).toBe(EXIT.OK);
    for (const part of ['Marc Zyngier', '≠ lock vpe', '✗ no vCPU sleeps', 'corrected: every interleaving is clean'])
      expect(out).toContain(part);
  });

  it('prints a record with --json', async () => {
    const [bug, violation] = records((await virq(['gallery', 'gicv4-doorbell', '--json'])).out);
    expect(bug).toMatchObject({ schema: 'virq/bug@1', slug: 'gicv4-doorbell', deviations: [] });
    expect(violation).toMatchObject({ schema: 'virq/violation@1' });
  });
});

describe('Ctrl-C', () => {
  it('gives the partial result', async () => {
    const { code, out } = await virq(['check', 'avic-ir-list', '--scope', 'vcpus=3,irtes=2'], { interrupt: true });
    expect([code, out.includes('incomplete: it was interrupted')]).toEqual([EXIT.INTERRUPTED, true]);
  });
});
