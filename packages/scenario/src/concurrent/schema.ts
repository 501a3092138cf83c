// The shape of the `concurrent:` section: processes that interleave, and what must hold of them.

import { z } from 'zod';

/** An integer, or `$name` of a size. */
const size = (max: number) =>
  z.union([z.int().min(1).max(max), z.string().regex(/^\$[A-Za-z][A-Za-z0-9_]*$/)], {
    error: `expected 1 to ${max}, or $name of a size`,
  });

const turn = z
  .looseObject({
    vm: z.string().optional().describe('VM the operation is about; default the first'),
    note: z.string().optional().describe('What happens here, in words'),
    when: z.string().optional().describe('Condition over the state: the process waits until it holds'),
    run: z.string().optional().describe('Instead of an operation: a protocol of the machine, by name'),
    with: z.record(z.string(), z.unknown()).optional().describe('Arguments of that protocol'),
  })
  .describe('One operation with its arguments, or `run`');

const process = z
  .strictObject({
    name: z.string().min(1).describe('Who this is: device, guest, vmm'),
    may: z.array(turn).min(1).optional().describe('Each turn does any one of these, or stops'),
    does: z.array(turn).min(1).optional().describe('Does these, in order'),
    times: size(255).default(1).describe('Turns of `may` at most; rounds of `does`'),
    copies: size(32).default(1).describe('How many such processes there are; `$self` is the number of each, from 0'),
  })
  .describe('A device, a guest, a VMM: a process that interleaves with all others');

const says = z.string().min(1).optional();

const property = z
  .strictObject({
    always: says.describe('Holds in every state: the property as a sentence'),
    never: says.describe('Holds in no state'),
    sometimes: says.describe('Holds in some state: shows that the processes get there at all'),
    quiescent: says.describe('Holds whenever nothing can move'),
    eventually: says.describe('Becomes true on every path'),
    leadsTo: says.describe('Whenever `holds` was true, `follows` is or becomes true'),
    holds: z.string().min(1).describe('Condition over fields of the state'),
    follows: z.string().min(1).optional().describe('leadsTo: the condition that follows'),
    consequence: z.string().optional().describe('What a user notices when it is violated'),
  })
  .describe('Something that must hold, over fields of the state');

/** The section. */
export const concurrentSchema = z
  .strictObject({
    scope: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), z.int().min(0).max(255))
      .optional()
      .describe('Sizes by name with their defaults; $name anywhere in the file stands for one'),
    model: z.string().optional().describe('Name of a family of models, instead of processes over the VMs'),
    variant: z.string().optional().describe('Variant of that model: a historical bug by name'),
    processes: z.array(process).min(1).optional(),
    properties: z.array(property).optional(),
    use: z
      .union([z.literal('all'), z.array(z.string())], { error: "expected 'all' or a list of property names" })
      .default('all')
      .describe('Properties of the backends, the host or the model that must hold'),
    expect: z
      .string()
      .regex(/^(ok|violation of \S.*)$/, "expected 'ok' or 'violation of <property>'")
      .default('ok')
      .describe('`ok`, or `violation of` and the name of a property'),
  })
  .describe('Processes that interleave in every order, from the state that the steps have made (virq check)');

/** The section as written. */
export type ConcurrentFile = z.infer<typeof concurrentSchema>;
/** One process as written. */
export type ProcessFile = NonNullable<ConcurrentFile['processes']>[number];
/** One turn as written. */
export type TurnFile = NonNullable<ProcessFile['may']>[number];
/** One property as written. */
export type PropertyFile = NonNullable<ConcurrentFile['properties']>[number];
