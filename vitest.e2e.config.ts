import { defineConfig } from 'vitest/config';

// End-to-end tests boot whole machines in software emulation: one file at a time, minutes each.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    // An emulated machine keeps one processor busy.
    maxConcurrency: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
  },
});
