// A stopped QEMU: qtest on its standard streams (accesses, lines), QMP on a third pipe (what the monitor prints).

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { OracleError } from '../oracle.ts';

/** A running QEMU. */
export interface Qemu {
  /** One qtest command; the words after OK. */
  qtest(command: string): Promise<string>;
  /** One command of the human monitor; what it printed. */
  monitor(command: string): Promise<string>;
  /** Changes of intercepted pins since the last call, in order: `raise` or `lower`, and the number of the pin. */
  changes(): (readonly [edge: string, pin: number])[];
  stop(): void;
}

/** Matches the lines of a stream to those who wait for them, in order. */
function lineQueue(name: string) {
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let rest = '';
  let dead: Error | null = null;
  return {
    next: (): Promise<string> =>
      new Promise((resolve, reject) => {
        if (dead === null) waiting.push({ resolve, reject });
        else reject(dead);
      }),
    feed(chunk: string, skip: (line: string) => boolean): void {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!skip(line)) waiting.shift()?.resolve(line);
    },
    fail(why: string): void {
      dead = new OracleError(`${name}: ${why}`);
      for (const w of waiting.splice(0)) w.reject(dead);
    },
  };
}

/** Arguments for a machine that is never started. Debian's QEMU has no `-accel qtest`; with `-S` the protocol is served all the same. */
const FLAGS = [
  ...['-accel', 'tcg', '-S', '-nodefaults', '-display', 'none', '-vga', 'none'],
  ...['-qtest', 'stdio', '-qtest-log', '/dev/null'],
  ...['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'],
];

const isEvent = (line: string): boolean => line.includes('"event":') || line.startsWith('{"QMP"');

/** Collects what qtest says of intercepted pins between its answers. */
function pinRecorder() {
  let seen: (readonly [edge: string, pin: number])[] = [];
  return {
    /** Keeps a line `IRQ raise 0`; false for any other. */
    keep(line: string): boolean {
      const [word, edge, pin] = line.split(' ');
      if (word !== 'IRQ') return false;
      seen.push([String(edge), Number(pin)]);
      return true;
    },
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** Starts one. */
export async function startQemu(binary: string, machine: readonly string[]): Promise<Qemu> {
  const child: ChildProcess = spawn(binary, [...machine, ...FLAGS], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  const control = child.stdio[3] as Duplex;
  const tests = lineQueue('qtest');
  const replies = lineQueue('QMP');
  const pins = pinRecorder();
  let complaint = '';
  const end = (why: string): void => {
    tests.fail(why);
    replies.fail(why);
  };
  child.stdout?.on('data', (chunk) => tests.feed(String(chunk), pins.keep));
  control.on('data', (chunk) => replies.feed(String(chunk), isEvent));
  child.stderr?.on('data', (chunk) => {
    complaint += String(chunk);
  });
  for (const stream of [child.stdin, child.stdout, control]) stream?.on('error', () => undefined);
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, signal) => end(`QEMU ended with ${signal ?? code}: ${complaint.trim()}`));

  async function qmp(execute: string, given: object): Promise<unknown> {
    control.write(`${JSON.stringify({ execute, arguments: given })}\n`);
    const reply = JSON.parse(await replies.next()) as { return?: unknown; error?: { desc: string } };
    if (reply.error !== undefined) throw new OracleError(`QMP ${execute}: ${reply.error.desc}`);
    return reply.return;
  }

  const qemu: Qemu = {
    async qtest(command) {
      child.stdin?.write(`${command}\n`);
      const line = await tests.next();
      if (!line.startsWith('OK')) throw new OracleError(`qtest ${command}: ${line}`);
      return line.slice(3);
    },
    monitor: async (command) => (await qmp('human-monitor-command', { 'command-line': command })) as string,
    changes: pins.take,
    stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
  await qmp('qmp_capabilities', {});
  return qemu;
}
