// Modes of a scenario: the same steps with other options of VMs and host.

import type { ScenarioFile } from './schema.ts';

/** Names of a file's modes, in order; none for most files. */
export const modesOf = (file: Pick<ScenarioFile, 'modes'>): readonly string[] => Object.keys(file.modes ?? {});

/** The mode that is meant: the given one, else the first, null if the file has none. */
export const modeOf = (file: ScenarioFile, given: string | undefined): string | null =>
  given ?? modesOf(file)[0] ?? null;

/** The file as it is in a mode. */
export function inMode(file: ScenarioFile, mode: string | null): ScenarioFile {
  const { vms = {}, host } = (mode === null ? undefined : file.modes?.[mode]) ?? {};
  return {
    ...file,
    vms: file.vms.map((vm, i) => ({ ...vm, ...vms[vm.name ?? `vm${i}`] })),
    ...((file.host !== undefined || host !== undefined) && { host: { ...file.host, ...host } }),
  };
}
