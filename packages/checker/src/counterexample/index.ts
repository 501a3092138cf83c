// Counterexamples: replayed, minimised, explained, saved.

export { explain, type Style, stepLines } from './explain.ts';
export { toItf } from './itf.ts';
export { contextSwitches, minimise } from './minimise.ts';
export { type ProcessName, type Replay, type ReplayedStep, replaySteps } from './replay.ts';
export { type Origin, parseCounterexample, type SavedCounterexample, saveCounterexample } from './save.ts';
