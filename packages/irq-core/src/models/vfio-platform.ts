// User space fires an interrupt of a platform device by ioctl while its eventfd is taken away. Linux: drivers/vfio/platform/vfio_platform_irq.c vfio_platform_set_irq_trigger, vfio_set_trigger.

import { handle, pool, struct, u1, u8, type View, type ViewOf } from '../arena/index.ts';
import {
  assert,
  BLOCKED,
  DONE,
  defineFamily,
  defineModel,
  lock,
  propertiesOn,
  protocolsOn,
} from '../protocol/index.ts';

const Eventfd = struct('eventfd', { count: u1 });
const Eventfds = pool(Eventfd, 1);
/** struct vfio_platform_irq: the eventfd, 0 if none is set; the host irq is enabled while one is. `running`: the handler runs on some CPU. */
const Irq = struct('irq', { igate: lock, trigger: handle, enabled: u1, running: u1, fired: u1 });

/** One interrupt of a platform device. */
export interface PlatformIrq {
  readonly eventfds: ViewOf<typeof Eventfds>;
  readonly irq: View<typeof Irq>;
}

const { protocol } = protocolsOn<PlatformIrq>();
const { always, quiescent, sometimes } = propertiesOn<PlatformIrq>();

/** eventfd_signal of the trigger. */
function signal(m: PlatformIrq): void {
  assert(m.irq.trigger !== 0, 'the handler follows a NULL eventfd');
  m.eventfds.at(m.irq.trigger).count = 1;
  m.irq.fired = 1;
}

/** VFIO_IRQ_SET_DATA_NONE or _BOOL with ACTION_TRIGGER calls the handler, `left` times: only if there is somebody to signal (675daf435e9f). */
export const loopback = protocol('vfio_platform_set_irq_trigger', { left: u8 }, (p) => ({
  ...p.locked('igate', (m) => m.irq.igate, {
    hasTrigger: (m) => (m.irq.trigger === 0 ? 'unlock igate' : undefined),
    callHandler: (m) => signal(m),
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock igate';
  },
}));

/** vfio_set_trigger with -1: the eventfd is taken away. The irq is disabled, and its handler waited for, before the pointer changes. */
export const dropTrigger = protocol('vfio_set_trigger', { old: handle }, (p) => ({
  ...p.locked('igate', (m) => m.irq.igate, {
    disableIrq(m) {
      m.irq.enabled = 0;
    },
    awaitHandler: (m) => (m.irq.running === 1 ? BLOCKED : undefined),
    clear(m, f) {
      f.old = m.irq.trigger;
      m.irq.trigger = 0;
    },
    put(m, f) {
      m.eventfds.free(f.old);
      f.old = 0;
    },
  }),
}));

/** The device interrupts. */
export const interrupt = protocol('vfio_irq_handler', {}, (p) => ({
  wait: p.idle((m) => {
    if (m.irq.enabled === 0) return BLOCKED;
    m.irq.running = 1;
    return undefined;
  }),
  signal: (m) => signal(m),
  return(m) {
    m.irq.running = 0;
    return DONE;
  },
}));

/** An interrupt whose eventfd is taken away while it is fired by hand. */
export const vfioPlatform = defineFamily({
  name: 'vfio-platform',
  summary: 'VFIO platform: an interrupt is fired by ioctl and by the device while its eventfd is taken away',
  scope: { loopbacks: { says: 'times user space fires it', default: 2, min: 1, max: 3 } },
  build: ({ loopbacks }) =>
    defineModel({
      name: 'vfio-platform',
      layout: { eventfds: Eventfds, irq: Irq },
      processes: 3,
      protocols: [loopback, dropTrigger, interrupt],
      machine: (root): PlatformIrq => root,
      start(m, spawn) {
        Object.assign(m.irq, { trigger: m.eventfds.alloc(), enabled: 1 });
        spawn(loopback, { left: loopbacks - 1 });
        spawn(dropTrigger);
        spawn(interrupt);
      },
      properties: [
        quiescent('the eventfd is put once', (m) => m.eventfds.count() === 0),
        always(
          'an interrupt that is enabled has somebody to signal',
          (m) => m.irq.enabled === 0 || m.irq.trigger !== 0,
        ),
        sometimes('the interrupt is signalled', (m) => m.irq.fired === 1),
        sometimes(
          'user space fires an interrupt that has no eventfd',
          (m) => m.irq.trigger === 0 && m.irq.igate.holder === 1,
        ),
      ],
    }),
});
