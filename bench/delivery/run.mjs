// One implementation, one cycle, in a process of its own: `node run.mjs virq msi` prints nanoseconds of CPU time per cycle, the best of many rounds.

const [implementation, cycle] = process.argv.slice(2);
const { cycles } = await import(`./${implementation}.mjs`);
const call = cycles[cycle]();
const CALLS = 400_000;

for (let i = 0; i < 4; i++) call(CALLS);
let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < 12; round++) {
  const start = process.cpuUsage();
  call(CALLS);
  const { user, system } = process.cpuUsage(start);
  best = Math.min(best, ((user + system) * 1000) / CALLS);
}
console.log(best.toFixed(2));
