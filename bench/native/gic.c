// A minimal VGIC in C: the native floor of an SPI's way to a guest and back, and of an LPI's translation. Only what the cycles need: interrupts, one ap_list, list
// registers, a CPU interface with one active priority, and a hash of translations. `./gic edge|level|lpi|cached|uncached` prints nanoseconds of CPU time per cycle, the best
// of many rounds.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SPIS 96
#define LRS 4
#define API __attribute__((noipa)) /* a call through an interface: no clone for constant arguments */

struct irq { uint8_t level_config, enabled, line, latch, active, priority, listed; struct irq *next, *previous; uint32_t intid; };
struct lr { uint32_t intid; uint8_t pending, active, eoi, priority; };

static struct irq spis[SPIS];
static struct irq head = {.next = &head, .previous = &head};
static struct lr lrs[LRS];
static unsigned used;
static uint32_t active_priorities;
static unsigned acked, resampled;
static volatile uint32_t config[1] = {40};

static int pending(const struct irq *i) { return i->latch || (i->level_config && i->line); }

API int inject(unsigned intid, unsigned level) {
  if (intid < 32 || intid >= 32 + SPIS) return -1;
  struct irq *i = &spis[intid - 32];
  if (i->level_config) {
    if (i->line == level) return 0;
    i->line = level;
  } else if (level) i->latch = 1;
  else return 0;
  if (i->listed || !i->enabled || !pending(i)) return 0;
  i->listed = 1;
  i->previous = head.previous;
  i->next = &head;
  head.previous->next = i;
  head.previous = i;
  return 0;
}

API void flush(void) {
  used = 0;
  for (struct irq *i = head.next; i != &head && used < LRS; i = i->next) {
    struct lr *lr = &lrs[used++];
    *lr = (struct lr){.intid = i->intid, .pending = (uint8_t)(pending(i) && !(i->level_config && i->active)), .active = i->active, .eoi = i->level_config, .priority = i->priority};
    if (!i->level_config) i->latch = 0;
  }
}

API unsigned acknowledge(void) {
  struct lr *best = 0;
  for (unsigned n = 0; n < used; n++)
    if (lrs[n].pending && !lrs[n].active && (!best || lrs[n].priority < best->priority)) best = &lrs[n];
  if (!best || (active_priorities && (unsigned)__builtin_ctz(active_priorities) <= best->priority >> 3u)) return 1023;
  best->pending = 0;
  best->active = 1;
  active_priorities |= 1u << (best->priority >> 3);
  return best->intid;
}

API void eoi(unsigned intid) {
  active_priorities &= active_priorities - 1;
  for (unsigned n = 0; n < used; n++)
    if (lrs[n].intid == intid && lrs[n].active) lrs[n].active = 0;
}

API void fold(void) {
  for (unsigned n = 0; n < used; n++) {
    struct lr *lr = &lrs[n];
    struct irq *i = &spis[lr->intid - 32];
    i->active = lr->active;
    if (!i->level_config && lr->pending) i->latch = 1;
    if (lr->eoi && !lr->pending && !lr->active) {
      acked++;
      i->line = 0;
      resampled++;
    }
    if (i->active || (i->enabled && pending(i))) continue;
    i->previous->next = i->next;
    i->next->previous = i->previous;
    i->listed = 0;
  }
  used = 0;
}

struct entry { uint32_t device, event, lpi; };
static struct entry cache[512];

API unsigned cached(uint32_t device, uint32_t event) {
  unsigned slot = (device * 0x9e3779b1u ^ event * 0x85ebca6bu) >> 23;
  for (; cache[slot].lpi; slot = (slot + 1) & 511)
    if (cache[slot].device == device && cache[slot].event == event) return cache[slot].lpi;
  return 0;
}

/* An LPI is an edge; its record is that of an SPI here. */
static void lpi_cycle(long n) {
  unsigned intid = config[0];
  for (long k = 0; k < n; k++) {
    if (cached(105, 0) != 8192 + intid) { fprintf(stderr, "not found\n"); exit(1); }
    inject(intid, 1);
    flush();
    if (acknowledge() != intid) { fprintf(stderr, "not acknowledged\n"); exit(1); }
    eoi(intid);
    fold();
  }
}

static void cycle(long n) {
  unsigned intid = config[0];
  for (long k = 0; k < n; k++) {
    inject(intid, 1);
    flush();
    if (acknowledge() != intid) { fprintf(stderr, "not acknowledged\n"); exit(1); }
    eoi(intid);
    fold();
  }
}

struct device { uint32_t id, first; int next; };
struct ite { uint32_t event, lpi; int next; };
static struct device devices[32];
static struct ite ites[256];
static volatile uint32_t seed = 1;

API unsigned uncached(uint32_t device, uint32_t event) {
  for (int d = 0; d >= 0; d = devices[d].next)
    if (devices[d].id == device)
      for (int i = (int)devices[d].first; i >= 0; i = ites[i].next)
        if (ites[i].event == event) return ites[i].lpi;
  return 0;
}

static void map_events(void) {
  for (unsigned d = 0; d < 32; d++) {
    devices[d] = (struct device){.id = 100 + d, .first = d * 8, .next = d == 31 ? -1 : (int)d + 1};
    for (unsigned e = 0; e < 8; e++) {
      unsigned n = d * 8 + e, slot = ((100 + d) * 0x9e3779b1u ^ e * 0x85ebca6bu) >> 23;
      ites[n] = (struct ite){.event = e, .lpi = 8192 + n, .next = e == 7 ? -1 : (int)n + 1};
      while (cache[slot].lpi) slot = (slot + 1) & 511;
      cache[slot] = (struct entry){100 + d, e, 8192 + n};
    }
  }
}

static void translate(long n, unsigned (*look)(uint32_t, uint32_t)) {
  uint32_t at = seed;
  for (long k = 0; k < n; k++) {
    at = (at * 5 + 7) & 255;
    if (look(100 + (at >> 3), at & 7) != 8192 + at) { fprintf(stderr, "not found\n"); exit(1); }
  }
}

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "level";
  const long calls = 400000;
  double best = 1e9;
  for (unsigned n = 0; n < SPIS; n++) spis[n] = (struct irq){.intid = n + 32, .priority = 0xa0, .enabled = 1, .level_config = !strcmp(what, "level")};
  map_events();
  for (int round = 0; round < 16; round++) {
    double start = cpu_ns();
    if (!strcmp(what, "cached")) translate(calls, cached);
    else if (!strcmp(what, "uncached")) translate(calls, uncached);
    else if (!strcmp(what, "lpi")) lpi_cycle(calls);
    else cycle(calls);
    double ns = (cpu_ns() - start) / calls;
    if (ns < best) best = ns;
  }
  printf("%.2f\n", best);
  return 0;
}
