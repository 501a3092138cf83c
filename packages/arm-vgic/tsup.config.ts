import { build } from '../../tsup.preset.ts';

export default build({
  index: 'src/index.ts',
  'models/index': 'src/models/index.ts',
  'protocols/index': 'src/protocols/index.ts',
});
