// The contract suite on the built-in x86 backend.

import { irqchipRoute, x86Avic } from '@virq/x86-avic';
import { describeBackend } from './describe-backend.ts';

const PIN = 10;
const MSI = { type: 2, irqchip: 0, pin: 0, addressLo: 0xfee00000, addressHi: 0, data: 0x41, flags: 0, devid: 0 };

describeBackend(x86Avic as never, {
  options: { vcpus: 2 },
  level: {
    route: irqchipRoute(10, 2, PIN),
    prepare(session) {
      const { chip } = session.vm as unknown as { chip: never };
      const words = x86Avic.vocabulary.operations;
      words['ioapic_redir']?.run(chip, { pin: PIN, value: { vec: 0x51, level: 1 } });
      words['sync']?.run(chip, {});
    },
    serve(session) {
      const { chip } = session.vm as unknown as { chip: never };
      x86Avic.vocabulary.operations['sync']?.run(chip, {});
      x86Avic.vocabulary.operations['ack']?.run(chip, { vcpu: 0 });
      x86Avic.vocabulary.operations['eoi']?.run(chip, { vcpu: 0, how: 'mmio' });
    },
  },
  inject: (machine) => void machine.kvms[0]?.signalMsi(MSI),
});
