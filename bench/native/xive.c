// A minimal XIVE in C: the native floor of the XIVE cycle. Only what the cycle needs: PQ and EAS of sources, ENDs with their queues, OS rings.
// `./xive` prints nanoseconds of CPU time per cycle, the best of many rounds.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SOURCES 8
#define ENDS 8
#define THREADS 2
#define ENTRIES 1024
#define VALID 0x80000000u
#define API __attribute__((noipa)) /* a call through an interface: no clone for constant arguments */

struct source { uint8_t pq, valid, masked; uint32_t end, data; };
struct end { uint8_t valid, enqueue, notify, generation, priority; uint32_t index, nvt; uint32_t queue[ENTRIES]; };
struct ring { uint8_t nsr, cppr, ipb, pipr; uint32_t w2; };

static struct source sources[SOURCES];
static struct end ends[ENDS];
static struct ring rings[THREADS];
static volatile uint32_t config[2] = {2, 1};

static unsigned most_favoured(unsigned ipb) { return ipb ? (unsigned)__builtin_clz(ipb) - 24 : 0xff; }

static void signal(struct ring *r) {
  if (r->pipr < r->cppr) r->nsr |= 0x80;
}

static void present(const struct end *e) {
  for (int t = 0; t < THREADS; t++) {
    struct ring *r = &rings[t];
    if (r->w2 != (VALID | e->nvt)) continue;
    r->ipb |= 0x80 >> e->priority;
    r->pipr = most_favoured(r->ipb);
    signal(r);
    return;
  }
}

static void route(const struct source *s) {
  if (!s->valid || s->masked) return;
  struct end *e = &ends[s->end];
  if (!e->valid) return;
  if (e->enqueue) {
    e->queue[e->index] = __builtin_bswap32((uint32_t)e->generation << 31 | s->data);
    if (++e->index == ENTRIES) { e->index = 0; e->generation ^= 1; }
  }
  if (e->notify) present(e);
}

API void trigger(unsigned lisn) {
  struct source *s = &sources[lisn];
  uint8_t pq = s->pq;
  s->pq = pq == 0 ? 2 : pq == 1 ? 1 : 3;
  if (pq == 0) route(s);
}

API int eoi(unsigned lisn) {
  struct source *s = &sources[lisn];
  uint8_t pq = s->pq;
  s->pq = pq == 3 ? 2 : pq == 1 ? 1 : 0;
  if (pq == 3) route(s);
  return pq == 3;
}

API int acknowledge(unsigned thread) {
  struct ring *r = &rings[thread];
  unsigned nsr = r->nsr;
  if (nsr & 0x80) {
    r->cppr = r->pipr;
    r->ipb &= ~(0x80 >> r->cppr);
    r->pipr = most_favoured(r->ipb);
    r->nsr = 0;
  }
  return nsr << 8 | r->cppr;
}

API void set_cppr(unsigned thread, unsigned value) {
  struct ring *r = &rings[thread];
  r->cppr = value > 7 ? 0xff : value;
  signal(r);
}

static void cycle(long n) {
  unsigned lisn = config[0], thread = config[1];
  for (long i = 0; i < n; i++) {
    trigger(lisn);
    if (acknowledge(thread) != 0x8006) { fprintf(stderr, "not acknowledged\n"); exit(1); }
    eoi(lisn);
    set_cppr(thread, 0xff);
  }
}

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void) {
  const long calls = 400000;
  double best = 1e9;
  sources[2] = (struct source){.valid = 1, .end = 5, .data = 0x1234};
  ends[5].valid = ends[5].enqueue = ends[5].notify = ends[5].generation = 1;
  ends[5].nvt = 3;
  ends[5].priority = 6;
  rings[1] = (struct ring){.cppr = 0xff, .pipr = 0xff, .w2 = VALID | 3};
  for (int round = 0; round < 16; round++) {
    double start = cpu_ns();
    cycle(calls);
    double ns = (cpu_ns() - start) / calls;
    if (ns < best) best = ns;
  }
  printf("%.2f\n", best);
  return 0;
}
