import { build } from '../../tsup.preset.ts';

export default build(
  {
    main: 'src/main.ts',
    index: 'src/index.ts',
  },
  'node',
);
