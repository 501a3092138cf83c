// Importing a user's module: whatever it throws becomes a sentence.

import { pathToFileURL } from 'node:url';
import { UsageError } from './io.ts';

/** How a failure is reported: its code, and what the module is called in the message. */
export interface ModuleRole {
  readonly code: string;
  readonly what: string;
}

const firstLine = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);

function remedy(error: unknown): string {
  if ((error as { code?: unknown } | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return 'this Node does not run TypeScript; use Node 22.18 or newer, or compile it to .mjs';
  return 'the module throws when it is imported; fix it there';
}

/** Default export of a module, undefined if it has none. Throws UsageError with the role's code when it cannot be loaded. */
export async function importDefault(file: string, role: ModuleRole): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw new UsageError(role.code, `${role.what} cannot be loaded: ${firstLine(error)}`, remedy(error));
  }
}
