// @virq/testkit: describeBackend() for plugin authors. Node only.

export { bytesPerCall } from './allocation.ts';
export { argument, argumentsOf } from './arguments.ts';
export { type BackendFacts, describeBackend } from './describe-backend.ts';
