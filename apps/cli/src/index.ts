// The CLI as a function, for embedding and tests.

export { type CliOptions, main } from './cli.ts';
export { CODES } from './codes.ts';
export { type Config, defineConfig } from './config.ts';
export { EXIT, type Io } from './io.ts';
