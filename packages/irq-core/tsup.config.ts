import { build } from '../../tsup.preset.ts';

export default build({
  'arena/index': 'src/arena/index.ts',
  'registers/index': 'src/registers/index.ts',
  'protocol/index': 'src/protocol/index.ts',
  'events/index': 'src/events/index.ts',
  'kvm/index': 'src/kvm/index.ts',
  'bypass/index': 'src/bypass/index.ts',
  'host/index': 'src/host/index.ts',
  'pci/index': 'src/pci/index.ts',
  'vfio/index': 'src/vfio/index.ts',
  'models/index': 'src/models/index.ts',
  'machine/index': 'src/machine/index.ts',
  backend: 'src/backend.ts',
  errors: 'src/errors.ts',
});
