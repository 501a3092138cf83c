import { build } from '../../tsup.preset.ts';

export default build({ 'protocols/index': 'src/protocols/index.ts' });
