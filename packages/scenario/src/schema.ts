// The shape of a scenario file.

import { KERNEL_VERSIONS } from '@virq/irq-core/kvm';
import { z } from 'zod';
import { concurrentSchema } from './concurrent/schema.ts';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, 'a name has letters and digits and begins with a letter');

const vm = z
  .looseObject({
    name: name.describe('Name of the VM; default vm0, vm1, …').optional(),
    backend: z.string().describe('Backend: a built-in name, or one loaded with --backend'),
  })
  .describe('A virtual machine; further fields are options of its backend');

/** Pins by their number. */
export const PINS = ['none', 'INTA', 'INTB', 'INTC', 'INTD'] as const;

const device = z.strictObject({
  name: z.string().min(1).describe('Name; for PCI usually the address, 0000:01:00.0'),
  kind: z
    .enum(['pci', 'platform', 'host'])
    .default('pci')
    .describe('Bus of a passed-through device; host: a PCI function that a driver of the host serves'),
  host_irq: z.int().min(1).max(63).optional().describe('Linux irq of its INTx or wired interrupt; default by its slot'),
  slot: z.int().min(0).max(31).optional().describe('PCI slot on its bus: with the pin it says which line it shares'),
  pin: z.enum(PINS).optional().describe('Interrupt pin; default INTA'),
  behind: z.array(z.int().min(0).max(31)).optional().describe('Slots of the bridges above it, the nearest first'),
  id: z
    .string()
    .regex(/^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$/, 'vendor and device in hex, as in 15b3:1003')
    .optional()
    .describe('Vendor and device: quirks of Linux and VFIO are looked up'),
  firmware: z.string().optional().describe('Version of its firmware, for quirks that depend on it'),
  vf: z.boolean().optional().describe('A virtual function: no INTx'),
  status_works: z.boolean().optional().describe('STATUS bit 3 shows what is pending'),
  exclusive: z.boolean().optional().describe('Host only: its driver wants the line for itself'),
  edge: z.boolean().optional().describe('Platform only: edge-triggered'),
  disintx_writable: z.boolean().optional().describe('COMMAND bit 10 can be written (PCI 2.3)'),
  disintx_works: z.boolean().optional().describe('COMMAND bit 10 really silences the pin'),
  quirk: z.boolean().optional().describe('On the broken-INTx quirk list'),
  nointx: z.boolean().optional().describe("On VFIO's nointx list"),
  msi: z.int().min(1).max(32).optional().describe('MSI vectors'),
  msix: z.int().min(1).max(32).optional().describe('MSI-X table size'),
});

const stepExpectation = z
  .strictObject({
    ret: z
      .union([z.int(), z.string()], { error: 'expected a number or the name of an errno' })
      .optional()
      .describe('Return value, or errno name'),
    out: z.record(z.string(), z.unknown()).optional().describe('What the operation reads back'),
    events: z.array(z.string()).optional().describe('Tracepoint lines, in order, among those emitted'),
    no_events: z.array(z.string()).optional().describe('Tracepoints that must not be emitted'),
    state: z.record(z.string(), z.unknown()).optional().describe('State path → value after the step'),
  })
  .describe('What must hold after the step');

const step = z
  .looseObject({
    vm: name.optional().describe('VM the operation is about; default the first'),
    note: z.string().optional().describe('What happens here, in words'),
    expect: stepExpectation.optional(),
    in: z.array(z.string()).min(1).optional().describe('Modes in which the step is done; default all'),
    concurrent: z
      .array(z.array(z.looseObject({ vm: name.optional(), note: z.string().optional() })).min(1))
      .min(2)
      .optional()
      .describe('Lists of steps that run interleaved'),
  })
  .describe('One operation with its arguments, or `concurrent`');

/** A scenario file. */
export const scenarioSchema = z
  .strictObject({
    virq: z.literal(1).describe('Version of the format'),
    title: z.string().describe('One line'),
    description: z.string().optional(),
    kernel: z
      .enum(KERNEL_VERSIONS as [string, ...string[]])
      .optional()
      .describe('Kernel whose behaviour is modelled; default the newest'),
    vms: z.array(vm).default([]).describe('Virtual machines of the host'),
    host: z
      .looseObject({ parts: z.array(z.string()).optional().describe('Parts of the host beside those of the backends') })
      .optional()
      .describe('The host below KVM: options of the parts that the backends share (physical CPUs, the IOMMU)'),
    modes: z
      .record(
        z.string(),
        z.strictObject({
          says: z.string().optional().describe('What the mode is, in words'),
          vms: z.record(z.string(), z.looseObject({})).optional().describe('VM → options that differ'),
          host: z.looseObject({}).optional().describe('Options of the host that differ'),
        }),
      )
      .optional()
      .describe('The same scenario in several modes, each with other options; `virq run --costs` compares them'),
    devices: z.array(device).optional().describe('Devices of the host: passed through, or its own'),
    steps: z.array(step).default([]).describe('What happens, in order; with `concurrent`, what happens before it'),
    concurrent: concurrentSchema.optional(),
    expect: z
      .strictObject({
        state: z.record(z.string(), z.unknown()).optional().describe('State path → value at the end'),
        events: z
          .record(z.string(), z.int().min(0))
          .optional()
          .describe('Beginning of a tracepoint line → how many such lines the whole run has; 0 for never'),
        violation: z.string().optional().describe('Name of the property that the scenario is there to violate'),
      })
      .optional()
      .describe('What must hold at the end'),
  })
  .describe('A virq scenario');

/** A scenario as written. */
export type ScenarioFile = z.infer<typeof scenarioSchema>;
/** A scenario as {@link defineScenario} takes it: fields with a default may be left out. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** One step as written. */
export type StepFile = ScenarioFile['steps'][number];

type JsonSchema = { readonly properties?: Readonly<Record<string, JsonSchema>>; readonly items?: JsonSchema };

/** Names of the fields that the schema knows at a path of a scenario; none where it leaves them open. */
export function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  let at: JsonSchema | undefined = z.toJSONSchema(scenarioSchema, { io: 'input' }) as JsonSchema;
  for (const part of path) at = typeof part === 'number' ? at?.items : at?.properties?.[String(part)];
  return Object.keys(at?.properties ?? {});
}

/** Checks a scenario written in TypeScript at compile time; returns it unchanged. */
export const defineScenario = (scenario: ScenarioInput): ScenarioInput => scenario;
