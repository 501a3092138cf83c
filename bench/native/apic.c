// A minimal LAPIC and IOAPIC in C: the native floor of bench/models.mjs. Only what the cycles need: IRR, ISR, TMR, TPR, redirection entries.
// `./apic msi|edge|level` prints nanoseconds of CPU time per cycle, the best of many rounds.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PINS 24
#define REMOTE_IRR (1u << 14)
#define LEVEL (1u << 15)
#define MASK (1u << 16)
#define API __attribute__((noipa)) /* a call through an interface: no clone for constant arguments */

struct apic { uint32_t irr[8], isr[8], tmr[8], svr, tpr; };
struct ioapic { uint32_t lo[PINS], hi[PINS], irr; };

static struct apic apics[2];
static struct ioapic io;
static volatile uint32_t config[4] = {0xfee00000u, 0x41, 10, 0x51};

static int highest(const uint32_t *set) {
  for (int i = 7; i >= 0; i--)
    if (set[i]) return i * 32 + 31 - __builtin_clz(set[i]);
  return -1;
}

static int accept(struct apic *a, unsigned vector, int level) {
  if (!(a->svr & 0x100)) return 0;
  uint32_t bit = 1u << (vector & 31);
  if (level) a->tmr[vector >> 5] |= bit;
  else a->tmr[vector >> 5] &= ~bit;
  a->irr[vector >> 5] |= bit;
  return 1;
}

static int route(unsigned dest, unsigned vector, int level) {
  return dest < 2 ? accept(&apics[dest], vector, level) : 0;
}

API int signal_msi(uint32_t address, uint32_t data) {
  return route((address >> 12) & 0xff, data & 0xff, (data >> 15) & 1);
}

API int acknowledge(struct apic *a) {
  int vector = highest(a->irr), busy = highest(a->isr);
  int ppr = busy > (int)a->tpr ? busy : (int)a->tpr;
  if (vector < 0 || (vector & 0xf0) <= (ppr & 0xf0)) return -1;
  a->irr[vector >> 5] &= ~(1u << (vector & 31));
  a->isr[vector >> 5] |= 1u << (vector & 31);
  return vector;
}

static int service(unsigned pin) {
  uint32_t lo = io.lo[pin];
  if (lo & MASK || ((lo & LEVEL) && (lo & REMOTE_IRR))) return -1;
  if (lo & LEVEL) io.lo[pin] = lo | REMOTE_IRR;
  return route(io.hi[pin] >> 24, lo & 0xff, (lo & LEVEL) != 0);
}

API int set_irq(unsigned pin, int level) {
  uint32_t bit = 1u << pin;
  if (!level) { io.irr &= ~bit; return 1; }
  int known = (io.irr & bit) != 0;
  io.irr |= bit;
  return !(io.lo[pin] & LEVEL) && known ? 0 : service(pin);
}

API int eoi(struct apic *a) {
  int vector = highest(a->isr);
  if (vector < 0) return -1;
  uint32_t bit = 1u << (vector & 31);
  a->isr[vector >> 5] &= ~bit;
  if (!(a->tmr[vector >> 5] & bit)) return vector;
  for (unsigned pin = 0; pin < PINS; pin++)
    if ((io.lo[pin] & 0xff) == (unsigned)vector && (io.lo[pin] & LEVEL)) {
      io.lo[pin] &= ~REMOTE_IRR;
      if (io.irr & (1u << pin)) service(pin);
    }
  return vector;
}

static void expect(int got, int wanted) {
  if (got == wanted) return;
  fprintf(stderr, "vector %d, expected %d\n", got, wanted);
  exit(1);
}

static void msi_cycle(long n) {
  uint32_t address = config[0], data = config[1];
  for (long i = 0; i < n; i++) {
    signal_msi(address, data);
    expect(acknowledge(&apics[0]), 0x41);
    eoi(&apics[0]);
  }
}

static void pin_cycle(long n) {
  unsigned pin = config[2];
  for (long i = 0; i < n; i++) {
    set_irq(pin, 1);
    expect(acknowledge(&apics[0]), 0x51);
    set_irq(pin, 0);
    eoi(&apics[0]);
  }
}

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "msi";
  void (*cycle)(long) = strcmp(name, "msi") ? pin_cycle : msi_cycle;
  const long calls = 400000;
  double best = 1e9;
  for (int i = 0; i < 2; i++) apics[i].svr = 0x1ff;
  for (int pin = 0; pin < PINS; pin++) io.lo[pin] = MASK;
  io.lo[10] = config[3] | (strcmp(name, "level") ? 0 : LEVEL);
  for (int round = 0; round < 16; round++) {
    double start = cpu_ns();
    cycle(calls);
    double ns = (cpu_ns() - start) / calls;
    if (ns < best) best = ns;
  }
  printf("%.2f\n", best);
  return 0;
}
