// Every code that virq can print, for `virq explain`.

import { SCENARIO_CODES } from '@virq/scenario';
import { TRACE_CODES } from '@virq/trace';

/** What one code means. */
export interface CodeEntry {
  readonly title: string;
  readonly explanation: string;
  readonly remedy: string;
}

const CORE_CODES: Readonly<Record<string, CodeEntry>> = {
  'VIRQ-A002': {
    title: 'snapshot refused',
    explanation: 'The bytes are no snapshot of this machine: another layout, another format version, or cut short.',
    remedy: 'Build the machine with the same backends, versions and sizes as when the snapshot was taken.',
  },
  'VIRQ-A003': {
    title: 'state JSON refused',
    explanation: 'A state given as JSON does not fit the declared layout; the state was left as it was.',
    remedy: 'The message names the field and what it takes.',
  },
  'VIRQ-B001': {
    title: 'no backend',
    explanation: 'The module that was to be loaded as a backend has no default export made by defineBackend().',
    remedy: 'export default defineBackend({ … }) from @virq/irq-core/backend.',
  },
  'VIRQ-B002': {
    title: 'backend of another version',
    explanation: 'The backend was written for another version of the contract.',
    remedy: 'Install a version of the backend that matches this virq, or port it and set specVersion.',
  },
  'VIRQ-B003': {
    title: 'incomplete backend',
    explanation: 'A field of the backend is missing or has the wrong type.',
    remedy: 'The message names the field.',
  },
  'VIRQ-B004': {
    title: 'backend cannot be loaded',
    explanation: 'The module was not found, or threw while it was loaded.',
    remedy: 'Install it in the project directory, or give a path that begins with ./',
  },
  'VIRQ-C001': {
    title: 'bad call',
    explanation: 'The command line is not one that virq takes.',
    remedy: 'virq --help, virq <verb> --help.',
  },
  'VIRQ-C002': {
    title: 'file not readable',
    explanation: 'The file does not exist or cannot be read.',
    remedy: 'Check the path; `-` reads standard input.',
  },
  'VIRQ-C003': {
    title: 'nothing to replay',
    explanation: 'The capture has no event that a model can be driven with, or several VMs that cannot be told apart.',
    remedy: 'Record the kvm:* events of one VM.',
  },
  'VIRQ-C004': {
    title: 'configuration refused',
    explanation:
      'virq.config.mjs (.js, .mts, .ts) in the working directory cannot be loaded or has a setting that does not exist.',
    remedy: 'export default { backends: [imported, "package-name", "./path.mjs"] }',
  },
  'VIRQ-K001': {
    title: 'no JSON',
    explanation: 'The file given to --replay is no JSON; the message says where it stops being so.',
    remedy: 'Give a file that virq check --save or virq gallery --save wrote.',
  },
  'VIRQ-K002': {
    title: 'no counterexample',
    explanation: 'The file is JSON, but no counterexample, or one of another version of the format.',
    remedy: 'Check again with --save, and replay what that writes.',
  },
  'VIRQ-K003': {
    title: 'no such model, variant, property or bug',
    explanation: 'A name on the command line, or in a saved counterexample, is not known.',
    remedy: 'virq check lists the models with their variants, virq gallery the bugs.',
  },
  'VIRQ-K004': {
    title: 'schedule does not fit the model',
    explanation:
      'A step of a saved counterexample cannot be made: the model or the scenario has changed since it was saved.',
    remedy: 'Check again with --save. If nothing is found any more, the change has repaired it.',
  },
  'VIRQ-K005': {
    title: 'shards that do not belong together',
    explanation: 'The results given to virq merge are of different models, scopes, or numbers of shards.',
    remedy: 'Merge results of one swarm: the same model, the same --scope, --shard 1/n to n/n.',
  },
  'VIRQ-M001': {
    title: 'the model is wrong',
    explanation: 'The model reached a state that it declares impossible. This is a defect of virq or of a backend.',
    remedy: 'Report it with the command, the input and the schedule string.',
  },
  'VIRQ-M002': {
    title: 'the kernel crashes here',
    explanation:
      'A path of the modelled kernel follows a NULL pointer or breaks what its author took for granted (BUG_ON, WARN_ON). The model says so and goes no further; the real kernel would be in an undefined state.',
    remedy:
      'It is a finding: virq check on the same operations shows the shortest way there, and a scenario that means to show it expects the violation "no step fails".',
  },
  'VIRQ-O001': {
    title: 'no such comparison',
    explanation: 'virq conform has no oracle of that name for the backend.',
    remedy: 'virq conform lists what can be compared, and what of it is available here.',
  },
  'VIRQ-O002': {
    title: 'oracle not available',
    explanation: 'The implementation to compare with is not installed, or may not be used. Exit code 4.',
    remedy: 'The message says what to install.',
  },
  'VIRQ-O003': {
    title: 'oracle failed',
    explanation: 'The implementation died, or a call that must work did not. This says nothing about the model.',
    remedy: 'Run it again; report it with the command and the seed if it stays.',
  },
  'VIRQ-O004': {
    title: 'operation that the oracle does not have',
    explanation: 'The model knows the operation, the oracle does not: nothing to compare.',
    remedy: 'Take it out of the file given to --replay.',
  },
  'VIRQ-P001': {
    title: 'no schedule',
    explanation: 'The text is no schedule string.',
    remedy: 'Copy the whole string that was printed, for example s1.0*3.1.0*2.',
  },
  'VIRQ-P002': {
    title: 'schedule does not fit',
    explanation: 'The schedule names a process that cannot move at that point.',
    remedy: 'Use the scenario, version and seed with which it was printed.',
  },
  'VIRQ-P003': {
    title: 'size of a model refused',
    explanation: 'A size given with --scope or `scope:` does not exist in the model, or is out of its range.',
    remedy: 'The message names the sizes of the model and what each may be.',
  },
  'VIRQ-P101': {
    title: 'no room for guest memory',
    explanation: 'More pages of guest memory were written, by queues or by copying, than the POWER host keeps.',
    remedy: 'Give the host more: `host: { frames: N }`, in pages of 4 KiB, a power of two.',
  },
  'VIRQ-P102': {
    title: 'no room for interrupt sources',
    explanation: 'A POWER VM uses more guest source numbers than it was made with.',
    remedy: 'Give it more: `sources: N` of the VM.',
  },
  'VIRQ-P103': {
    title: 'no room for mapped pages',
    explanation: "The VMM of a POWER VM has touched more pages of the device's file than its page table has room for.",
    remedy: 'Give the VM more sources: `sources: N`; each brings room for two pages.',
  },
  'VIRQ-X001': {
    title: 'no request',
    explanation: 'A line of `virq exec` is not a JSON object with a string "op".',
    remedy: 'One JSON object per line: {"op": "vm", "vcpus": 2}.',
  },
  'VIRQ-X002': {
    title: 'unknown operation',
    explanation: 'The backend has no such operation, or no VM was made yet.',
    remedy: 'The message lists the operations; the first one is vm.',
  },
  'VIRQ-X003': {
    title: 'bad argument',
    explanation: 'An argument is missing, unknown, of the wrong type or out of range.',
    remedy: 'The message names it and what it takes.',
  },
};

/** Code → meaning. */
export const CODES: Readonly<Record<string, CodeEntry>> = { ...CORE_CODES, ...SCENARIO_CODES, ...TRACE_CODES };
