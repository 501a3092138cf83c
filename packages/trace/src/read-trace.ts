// Reads a capture of any size and of any of the three printing tools as a stream of decoded events.
import { createEventReader, finishReading, readLine, type TraceEventHandler } from './event-reader.ts';
import { createLineSplitter } from './lines/line-splitter.ts';
import { binaryFormat } from './lines/notices.ts';
import { countProblem, noteCutOff, type ReadSummary } from './read-summary.ts';

/** Reader options. Times are in the capture's seconds. */
export interface TraceReaderOptions {
  onEvent?: TraceEventHandler | undefined;
  since?: number | undefined;
  until?: number | undefined;
}

/** Push interface: feed chunks of any size, then call `end` once. */
export interface TraceReader {
  push(chunk: Uint8Array): void;
  end(): ReadSummary;
}

const MAGIC_BYTES = 8;

/** Creates a reader. Nothing is allocated per line once the names of a capture have been seen. */
export function createTraceReader(options: TraceReaderOptions = {}): TraceReader {
  const { onEvent, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options;
  const reader = createEventReader(onEvent, since, until);
  const { summary } = reader;
  const magic = new Uint8Array(MAGIC_BYTES);
  let magicBytes = 0;
  const splitter = createLineSplitter({
    line: (bytes, start, end) => readLine(reader, bytes, start, end),
    longLine: () => {
      summary.lines++;
      countProblem(summary, summary.longLines);
    },
  });

  function push(chunk: Uint8Array): void {
    for (let at = 0; magicBytes < MAGIC_BYTES && at < chunk.length; at++) {
      magic[magicBytes++] = chunk[at] as number;
      if (magicBytes === MAGIC_BYTES) summary.binary = binaryFormat(magic);
    }
    // A plain view keeps the parser's byte accesses of one kind, whatever subclass the caller reads into.
    if (!summary.binary) splitter.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  function end(): ReadSummary {
    if (splitter.end() && reader.lastLineBad) noteCutOff(summary);
    return finishReading(reader);
  }

  return { push, end };
}

/** Reads all of `chunks`, calling `onEvent` for every known event, and returns what the reading showed. */
export async function readTrace(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onEvent: TraceEventHandler,
  options: Omit<TraceReaderOptions, 'onEvent'> = {},
): Promise<ReadSummary> {
  const reader = createTraceReader({ ...options, onEvent });
  for await (const chunk of chunks) reader.push(chunk);
  return reader.end();
}
