// Writes a realistic ftrace capture of a given size, the same for the same seed: a busy host with two vCPUs, a resampling INTx
// irqfd, fast-path MSIs, timer interrupts, and the scheduler events that make up most of a real capture.
// Usage: node scripts/make-capture.mjs <file> [megabytes=100] [seed=1]
import { closeSync, openSync, writeSync } from 'node:fs';

const [file, megabytes = '100', seedText = '1'] = process.argv.slice(2);
if (!file) {
  console.error('usage: make-capture.mjs <file> [megabytes=100] [seed=1]');
  process.exit(2);
}

let state = Number(seedText) >>> 0 || 1;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const TASKS = [
  'qemu-system-x86-2340',
  'kworker/0:2-55',
  '<idle>-0',
  'Web Content-912',
  'node-22889',
  'CPU 1/KVM-2341',
  'rcu_preempt-15',
];
let micros = 249_763_084;

function line(task, cpu, flags, text) {
  micros += 1 + random(40);
  const time = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`.padStart(12);
  return `${task.padStart(16 + 1 + task.length - task.lastIndexOf('-') - 1)}${' '.repeat(Math.max(0, 7 - (task.length - task.lastIndexOf('-') - 1)))} [${String(cpu).padStart(3, '0')}] ${flags} ${time}: ${text}\n`;
}

const BLOCKS = [
  () => {
    const [from, to] = [TASKS[random(7)], TASKS[random(7)]];
    const cpu = random(2);
    return (
      line(
        from,
        cpu,
        'd..2.',
        `sched_switch: prev_comm=${from.slice(0, 12)} prev_pid=${random(30000)} prev_prio=120 prev_state=S ==> next_comm=${to.slice(0, 12)} next_pid=${random(30000)} next_prio=120`,
      ) +
      line(
        to,
        cpu,
        'd..3.',
        `sched_stat_runtime: comm=${to.slice(0, 12)} pid=${random(30000)} runtime=${random(900000)} [ns]`,
      )
    );
  },
  () =>
    line(TASKS[random(7)], random(2), 'd.h1.', `irq_handler_entry: irq=31 name=virtio1-requests`) +
    line(TASKS[random(7)], random(2), 'd.h1.', 'irq_handler_exit: irq=31 ret=handled'),
  () =>
    line(TASKS[0], 1, '.....', 'kvm_apic_accept_irq: apicid 0 vec 236 (Fixed|edge)') +
    line(
      TASKS[0],
      1,
      'd....',
      `kvm_entry: vcpu 0, rip 0xffffffff81${random(0xffffff).toString(16).padStart(6, '0')} intr_info 0x800000ec error_code 0x00000000`,
    ) +
    line(TASKS[0], 1, '.....', 'kvm_inj_virq: IRQ 0xec') +
    line(TASKS[0], 1, '.....', 'kvm_eoi: apicid 0 vector 236'),
  () =>
    line(TASKS[2], 0, 'd.h1.', 'irq_handler_entry: irq=37 name=vfio-msix[2](0000:00:06.0)') +
    line(TASKS[2], 0, 'd.h2.', 'kvm_msi_set_irq: dst 1 vec 43 (Fixed|physical|edge)') +
    line(TASKS[2], 0, 'd.h2.', 'kvm_apic_accept_irq: apicid 1 vec 43 (Fixed|edge)') +
    line(TASKS[2], 0, 'd.h1.', 'irq_handler_exit: irq=37 ret=handled') +
    line(TASKS[5], 1, '.....', 'kvm_inj_virq: IRQ 0x2b') +
    line(TASKS[5], 1, '.....', 'kvm_eoi: apicid 1 vector 43'),
  () =>
    line(TASKS[2], 0, 'd.h1.', 'irq_handler_entry: irq=21 name=vfio-intx(0000:00:05.0)') +
    line(TASKS[2], 0, 'd.h1.', 'irq_handler_exit: irq=21 ret=handled') +
    line(TASKS[1], 0, '.....', 'kvm_set_irq: gsi 11 level 1 source 1') +
    line(TASKS[1], 0, '...1.', 'kvm_apic_accept_irq: apicid 0 vec 44 (Fixed|level)') +
    line(TASKS[1], 0, '...1.', 'kvm_ioapic_set_irq: pin 11 dst 0 vec 44 (Fixed|physical|level)') +
    line(TASKS[0], 1, '.....', 'kvm_inj_virq: IRQ 0x2c') +
    line(TASKS[0], 1, '.....', 'kvm_eoi: apicid 0 vector 44') +
    line(TASKS[0], 1, '.....', 'kvm_ack_irq: irqchip IOAPIC pin 11') +
    line(TASKS[0], 1, '.....', 'kvm_set_irq: gsi 11 level 0 source 1') +
    line(TASKS[0], 1, '...1.', 'kvm_ioapic_set_irq: pin 11 dst 0 vec 44 (Fixed|physical|level)'),
  () =>
    line(
      TASKS[0],
      1,
      'd....',
      `kvm_exit: vcpu 0 reason EPT_MISCONFIG rip 0xffffffff81${random(0xffffff).toString(16).padStart(6, '0')} info1 0x0000000000000000 info2 0x0000000000000000 intr_info 0x00000000 error_code 0x00000000 requests 0x0000000000000000`,
    ),
];
const WEIGHTS = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5];

const out = openSync(file, 'w');
const wanted = Number(megabytes) * 1e6;
let written = writeSync(out, '# tracer: nop\n#\n');
while (written < wanted) {
  let chunk = '';
  while (chunk.length < 1 << 20) chunk += BLOCKS[WEIGHTS[random(WEIGHTS.length)]]();
  written += writeSync(out, chunk);
}
closeSync(out);
console.error(`${file}: ${written} bytes, seed ${seedText}`);
