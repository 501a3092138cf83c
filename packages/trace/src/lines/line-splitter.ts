// Cuts a stream of byte chunks into lines without copying: only a line that spans two chunks is assembled in a side buffer.

/** Lines longer than this many bytes are skipped and counted: no tracer prints one, and memory must stay bounded. */
export const MAX_LINE_BYTES = 65536;

/** Receives the lines of a capture in order. */
export interface LineSink {
  /** A whole line, without its LF or CR LF. The bytes are valid during the call only. */
  line(bytes: Uint8Array, start: number, end: number): void;
  /** A line over {@link MAX_LINE_BYTES} went by. */
  longLine(): void;
}

/** Push interface of the splitter. */
export interface LineSplitter {
  push(chunk: Uint8Array): void;
  /** Delivers what is left. Returns true if the last line had no line end. */
  end(): boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/** Creates a splitter that feeds `sink`. Holds at most {@link MAX_LINE_BYTES} bytes between calls. */
export function createLineSplitter(sink: LineSink): LineSplitter {
  let carry = new Uint8Array(1024);
  let carried = 0;
  let overlong = false;

  function emit(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > MAX_LINE_BYTES) sink.longLine();
    else sink.line(bytes, start, end > start && bytes[end - 1] === CR ? end - 1 : end);
  }

  function keep(chunk: Uint8Array, start: number, end: number): void {
    const total = carried + end - start;
    if (overlong || total > MAX_LINE_BYTES) {
      overlong = true;
      carried = 0;
      return;
    }
    if (total > carry.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(total)));
      grown.set(carry.subarray(0, carried));
      carry = grown;
    }
    carry.set(chunk.subarray(start, end), carried);
    carried = total;
  }

  function finishCarried(): void {
    if (overlong) sink.longLine();
    else emit(carry, 0, carried);
    overlong = false;
    carried = 0;
  }

  function push(chunk: Uint8Array): void {
    let start = 0;
    if (carried > 0 || overlong) {
      const end = chunk.indexOf(LF);
      keep(chunk, 0, end < 0 ? chunk.length : end);
      if (end < 0) return;
      finishCarried();
      start = end + 1;
    }
    for (let end = chunk.indexOf(LF, start); end >= 0; end = chunk.indexOf(LF, start)) {
      emit(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk, start, chunk.length);
  }

  function end(): boolean {
    if (carried === 0 && !overlong) return false;
    finishCarried();
    return true;
  }

  return { push, end };
}
