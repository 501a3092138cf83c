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
  'VIRQ-S012': {
    title: 'unknown size',
    explanation:
      'A `$name`, or a size given with --scope, is not declared under `concurrent.scope`, or is out of range.',
    remedy: 'Declare it with its default: `scope: { vcpus: 2 }`. Models from a family list their sizes in the message.',
  },
  'VIRQ-S013': {
    title: 'unreadable condition',
    explanation: 'The text of `holds`, `follows` or `when` is no expression over fields of the state.',
    remedy:
      'Compare with ==, !=, <, <=, >, >=, in, not in; join with and, or, not, implies; range over [*] with all, any, count(…).',
  },
  'VIRQ-S014': {
    title: 'property over nothing',
    explanation:
      'A condition names no field, ranges over an array without elements, or compares a field with a value that it cannot have: it says nothing about the machine.',
    remedy: 'Name at least one field of the state, and a value that fits into it.',
  },
  'VIRQ-S015': {
    title: 'wrong use of a field',
    explanation: 'A set is compared like a number or the other way round, or [*] stands outside all, any and count(…).',
    remedy: '`0x41 in guest.chip.lapics[0].irr` asks a set; `all guest.kvm.vcpus[*].mode == 0` ranges over elements.',
  },
  'VIRQ-S016': {
    title: 'unknown model',
    explanation: 'A `concurrent` section names a model, a variant of one, or a protocol that is not loaded.',
    remedy: 'The message lists those there are.',
  },
  'VIRQ-S017': {
    title: 'never reached',
    explanation:
      'The check went through every state, and in none of them a `sometimes` property was true: the processes cannot get there at all.',
    remedy: 'Correct the condition, or give the processes what it takes to get there.',
  },
  'VIRQ-S018': {
    title: 'no operation for a process',
    explanation: 'A process does something that changes what a run shows and nothing of the machine.',
    remedy: 'Leave out `observe` and `trace`.',
  },
  'VIRQ-S019': {
    title: 'wrong start',
    explanation:
      'The steps before `concurrent` do not do what they expect: the check would begin in another state than meant.',
    remedy: 'Run the scenario with `virq run` to see the steps.',
  },
  'VIRQ-S020': {
    title: 'nothing to check',
    explanation: 'The scenario has no `concurrent` section, or one without processes and without a model.',
    remedy: 'Add `concurrent:` with `processes:` or `model:`.',
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
