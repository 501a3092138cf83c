// Parts of ITS paths that a model of one command and one kernel does not come to: other commands, the list of 6.1, references that are not the last.

const parts = (path: string, labels: readonly string[]): string[] => labels.map((label) => `${path}: '${label}`);

/** The list of translations of 6.1, in a path that forgets them. */
const listOf = (prefix: string): string[] =>
  ['lock lpi', 'clear', 'unlock lpi', 'end'].map((label) => `${prefix}.${label}'`);
/** What the last reference to an LPI brings about. */
const lastOf = (prefix: string): string[] =>
  ['lock lpi', 'decrementLast', 'erase', 'free', 'unlock lpi'].map((label) => `${prefix}.${label}'`);

const COMMAND = 'vgic_its_process_commands';
/** Switching the ITS off, MAPTI, INT, and the list of 6.1. */
const OTHER_COMMANDS = ['off.', 'add.', "added'", 'keep.', 'change.queue.', ...listOf('cache')];
const EACH = ["readEach'", 'each.', 'eachPut.', "again'"];
const NO_TRANSLATION = ['cache.put.', "cache.again'"];
/** LPIs that are disabled and need no queueing. */
const QUEUEING = [
  ...['decide', 'lock ap', 'lock listed irq', 'revalidate', 'put', 'unlock listed irq', 'unlock ap', 'retry', 'kick'],
].map((label) => `each.queue.${label}'`);

/** In models of DISCARD: with a translation of the event in the cache, or without. */
export const discardUnused = {
  cached: parts(COMMAND, [...OTHER_COMMANDS, ...EACH, ...lastOf('cache.put')]),
  uncached: parts(COMMAND, [...OTHER_COMMANDS, ...EACH, ...NO_TRANSLATION]),
} as const;
/** In models of MOVALL. */
export const movallUnused = parts(COMMAND, [...OTHER_COMMANDS, ...NO_TRANSLATION, ...QUEUEING]);
/** In models of MSIs that the cache knows; `path` is the name of the path. */
export const cachedUnused = (path = 'vgic_its_inject_msi'): string[] =>
  parts(path, ["lock lpi'", "lookInList'", "unlock lpi'", 'keep.', 'trigger.', "answer'"]);
/** The same where somebody else has the last reference. */
export const heldUnused = (path = 'vgic_its_inject_msi'): string[] => parts(path, lastOf('put'));
/** In models of EnableLPIs = 0. */
export const disableUnused = parts('vgic_flush_pending_lpis', listOf('forget.forget'));
/** The same where the translation is not the last to hold its LPI. */
export const disableHeldUnused = parts('vgic_flush_pending_lpis', lastOf('forget.forget.put'));
