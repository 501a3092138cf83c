// What firmware does for LPIs: tables, command queue, ITS and redistributors on. Sheet: 10; IHI 0069 5.1, 12.19.

import { store } from '../oracle.ts';
import type { Qemu } from '../process.ts';
import { GICD, GITS, ITS_MEMORY, pendingTable, redistributor } from './map.ts';
import { DISTRIBUTOR, ITS_REGISTERS, offsetOf, REDISTRIBUTOR } from './registers.ts';

const VALID = 1n << 63n;
const PAGE_64K = 2n << 8n;
/** Affinity routing, group 1 and group 0. */
const GICD_ON = 0x13;
const ENABLED = 1;
/** GICR_PROPBASER.IDbits: 16 bits of INTID. */
const ID_BITS = 15n;

/** Pages of 4 KiB in the queue of commands, less one. */
const COMMAND_PAGES = 15n;
/** Room of the queue in bytes. */
export const QUEUE_SIZE = 0x10000;

const table = (address: number): bigint => VALID | BigInt(address) | PAGE_64K;

/** Brings it all up; GITS_BASER0 is the table of devices, GITS_BASER1 that of collections. */
export async function enableIts(qemu: Qemu, cpus: number): Promise<void> {
  const its = (register: string, value: bigint): Promise<undefined> =>
    store(qemu, GITS + offsetOf(ITS_REGISTERS, register), value, 8);
  await store(qemu, GICD + offsetOf(DISTRIBUTOR, 'CTLR'), GICD_ON);
  for (let cpu = 0; cpu < cpus; cpu++) {
    const at = (register: string): number => redistributor(cpu) + offsetOf(REDISTRIBUTOR['r'], register);
    await store(qemu, at('PROPBASER'), BigInt(ITS_MEMORY.properties) | ID_BITS, 8);
    await store(qemu, at('PENDBASER'), pendingTable(cpu), 8);
    await store(qemu, at('CTLR'), ENABLED);
  }
  await its('BASER:0', table(ITS_MEMORY.devices));
  await its('BASER:8', table(ITS_MEMORY.collections));
  await its('CBASER', VALID | BigInt(ITS_MEMORY.commands) | COMMAND_PAGES);
  await its('CWRITER', 0n);
  await store(qemu, GITS + offsetOf(ITS_REGISTERS, 'CTLR'), ENABLED);
}
