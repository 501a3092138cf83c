// CVE-2026-72289 and CVE-2026-72288: neither fix is enough without the other.

import { lpiMigrateDisable, pruneApList } from '@virq/arm-vgic/protocols';
import { check } from '@virq/checker';
import { omit } from '@virq/irq-core/protocol';
import { expect, it } from 'vitest';

const without = (...labels: string[]) =>
  check((o) => lpiMigrateDisable.build().create({ ...o, edits: [[pruneApList, omit(pruneApList, ...labels)]] }));

it('with the owner check alone a freed LPI is touched', () => {
  expect(without('hold', 'release').violations[0]?.property).toBe('no freed slot is touched');
});

it('with the reference alone the LPI is deleted from a list it is not on', () => {
  const [violation] = without('stillOurs').violations;
  expect(violation?.message).toBe('list_del of an LPI that is not on the list of vCPU 0');
});
