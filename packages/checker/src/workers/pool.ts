// A pool of worker threads that answer one request each at a time. Node only.

import { Worker } from 'node:worker_threads';
import { type Answer, type Request, workerMain } from './worker-main.ts';

/** Threads that all get a request and all answer. */
export interface WorkerPool {
  readonly size: number;
  /** Sends each worker its request and waits for all answers, in worker order. */
  all(requestOf: (worker: number) => Request): Promise<Answer[]>;
  close(): Promise<void>;
}

const PROGRAM = `const { parentPort, workerData } = require('node:worker_threads');
(${workerMain.toString()})(parentPort, workerData);`;

/** Starts the threads. The program is plain text, so that it runs the same from source, from the build, and bundled. */
export function createWorkerPool(size: number): WorkerPool {
  const threads = Array.from({ length: size }, () => new Worker(PROGRAM, { eval: true, workerData: size }));
  const ask = (thread: Worker, request: Request): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        thread.off('message', answered);
        thread.off('error', failed);
        settle();
      };
      const answered = (answer: Answer): void => finish(() => resolve(answer));
      const failed = (error: Error): void => finish(() => reject(error));
      thread.on('message', answered);
      thread.on('error', failed);
      thread.postMessage(request);
    });
  return {
    size,
    all: (requestOf) => Promise.all(threads.map((thread, i) => ask(thread, requestOf(i)))),
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}
