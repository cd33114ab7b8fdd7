import { defineConfig } from 'vitest/config';

// End-to-end tests boot whole machines in software emulation: one file at a time, minutes each.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
  },
});
