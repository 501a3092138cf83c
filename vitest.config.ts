// Tests run on source: the export condition `virq-source` selects it in every package.

import { defineConfig } from 'vitest/config';

const conditions = ['virq-source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.{ts,mjs}'],
    testTimeout: 30_000,
  },
});
