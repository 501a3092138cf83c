// What is wrong with a scenario file: code, place, sentence, remedy.

/** One diagnostic. Line and column count from 1; 0 when the place is not known. */
export interface Diagnostic {
  readonly code: ScenarioCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly line: number;
  readonly column: number;
  /** End of the offending text, exclusive column on the same or a later line. */
  readonly endLine: number;
  readonly endColumn: number;
}

/** Code → title, explanation, remedy. `virq explain VIRQ-S001` prints an entry. */
export const SCENARIO_CODES = {
  'VIRQ-S001': {
    title: 'not YAML',
    explanation: 'The file cannot be read as YAML.',
    remedy:
      'Look at the marked place: indentation, a missing colon, an unclosed bracket or quote are the usual causes.',
  },
  'VIRQ-S002': {
    title: 'wrong shape',
    explanation: 'A field is missing, has the wrong type, or does not exist at this place of a scenario.',
    remedy:
      'Compare with `virq schema scenario`, or let your editor use it: first line `# yaml-language-server: $schema=…`.',
  },
  'VIRQ-S003': {
    title: 'unknown operation',
    explanation: 'A step names an operation that neither the core nor the backend of its VM has.',
    remedy: 'List the operations with `virq backends --operations`.',
  },
  'VIRQ-S004': {
    title: 'wrong argument',
    explanation: 'An operation got an argument that does not exist, is missing, has the wrong type or is out of range.',
    remedy: 'The message names the argument and what it takes.',
  },
  'VIRQ-S005': {
    title: 'unknown backend',
    explanation: 'A VM names a backend that is not loaded.',
    remedy: 'Built-in backends are listed by `virq backends`; load others with --backend NAME or ./path.',
  },
  'VIRQ-S006': {
    title: 'unknown name',
    explanation: 'A step names a VM or device that the scenario does not declare.',
    remedy: 'Declare it under `vms:` or `devices:`.',
  },
  'VIRQ-S007': {
    title: 'unknown state path',
    explanation: 'An expectation names a field that the machine does not have.',
    remedy: 'Paths are those that a run prints as changes, such as `guest.chip.ioapic.irr`.',
  },
  'VIRQ-S008': {
    title: 'unknown property',
    explanation: 'An expected violation names a property that neither virq nor the backend has.',
    remedy: 'The message lists the properties that are checked at the end of a scenario.',
  },
  'VIRQ-S009': {
    title: 'name taken',
    explanation:
      'Two VMs or two devices have one name, or a VM is called like a part of the host (host, vfio, eventfds, …).',
    remedy: 'Give it another name; it is the first part of its state paths.',
  },
  'VIRQ-S010': {
    title: 'unknown errno',
    explanation: 'A step expects a result that is neither a number nor the name of an errno that KVM returns.',
    remedy: 'Write a number ≥ 0, or a name such as EINVAL without a sign.',
  },
  'VIRQ-S011': {
    title: 'no scenario in the module',
    explanation:
      'A JavaScript or TypeScript module that was to be run has no scenario as its default export, or cannot be loaded.',
    remedy: "export default defineScenario({ virq: 1, … }) with defineScenario from '@virq/scenario'.",
  },
} as const;

/** Codes of scenario diagnostics. */
export type ScenarioCode = keyof typeof SCENARIO_CODES;
