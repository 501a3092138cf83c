import { build } from '../../tsup.preset.ts';

export default build({ index: 'src/index.ts' }, 'node');
