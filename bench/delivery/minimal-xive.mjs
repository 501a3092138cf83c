// The floor in JavaScript: the C model of native/xive.c on bare typed arrays, function by function.

const ENTRIES = 1024;
const VALID = 0x80000000;
const THREADS = 2;

const mostFavoured = (ipb) => (ipb === 0 ? 0xff : Math.clz32(ipb) - 24);

function minimal() {
  const pq = new Uint8Array(8);
  const eas = {
    valid: new Uint8Array(8),
    masked: new Uint8Array(8),
    end: new Uint32Array(8),
    data: new Uint32Array(8),
  };
  const end = { flags: new Uint8Array(8), generation: new Uint8Array(8), priority: new Uint8Array(8) };
  const next = new Uint32Array(8);
  const nvt = new Uint32Array(8);
  const queues = new Uint32Array(8 * ENTRIES);
  const nsr = new Uint8Array(THREADS);
  const cppr = new Uint8Array(THREADS);
  const ipb = new Uint8Array(THREADS);
  const pipr = new Uint8Array(THREADS).fill(0xff);
  const w2 = new Uint32Array(THREADS);

  function signal(t) {
    if (pipr[t] < cppr[t]) nsr[t] |= 0x80;
  }

  function present(e) {
    const cam = (VALID | nvt[e]) >>> 0;
    for (let t = 0; t < THREADS; t++) {
      if (w2[t] !== cam) continue;
      ipb[t] |= 0x80 >> end.priority[e];
      pipr[t] = mostFavoured(ipb[t]);
      signal(t);
      return;
    }
  }

  function route(s) {
    if (eas.valid[s] === 0 || eas.masked[s] !== 0) return;
    const e = eas.end[s];
    const flags = end.flags[e];
    if ((flags & 1) === 0) return;
    if ((flags & 2) !== 0) {
      queues[e * ENTRIES + next[e]] = (end.generation[e] << 31) | eas.data[s];
      if (++next[e] === ENTRIES) {
        next[e] = 0;
        end.generation[e] ^= 1;
      }
    }
    if ((flags & 4) !== 0) present(e);
  }

  return {
    setUp() {
      eas.valid[2] = 1;
      eas.end[2] = 5;
      eas.data[2] = 0x1234;
      end.flags[5] = 7;
      end.generation[5] = 1;
      end.priority[5] = 6;
      nvt[5] = 3;
      w2[1] = VALID | 3;
      cppr[1] = 0xff;
    },
    trigger(s) {
      const was = pq[s];
      pq[s] = was === 0 ? 2 : was === 1 ? 1 : 3;
      if (was === 0) route(s);
    },
    eoi(s) {
      const was = pq[s];
      pq[s] = was === 3 ? 2 : was === 1 ? 1 : 0;
      if (was === 3) route(s);
    },
    acknowledge(t) {
      const was = nsr[t];
      if ((was & 0x80) !== 0) {
        cppr[t] = pipr[t];
        ipb[t] &= ~(0x80 >> cppr[t]);
        pipr[t] = mostFavoured(ipb[t]);
        nsr[t] = 0;
      }
      return (was << 8) | cppr[t];
    },
    setCppr(t, value) {
      cppr[t] = value > 7 ? 0xff : value;
      signal(t);
    },
  };
}

function xiveCycle() {
  const m = minimal();
  m.setUp();
  return (n) => {
    for (let i = 0; i < n; i++) {
      m.trigger(2);
      if (m.acknowledge(1) !== 0x8006) throw new Error('not acknowledged');
      m.eoi(2);
      m.setCppr(1, 0xff);
    }
  };
}

/** Cycles by name. */
export const cycles = { xive: xiveCycle };
