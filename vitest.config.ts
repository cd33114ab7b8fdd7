import { defineConfig } from 'vitest/config';

const INTEGRATION = 'test/**/*.integration.test.ts';
const OTHERS = ['test/e2e/**', 'node_modules/**'];

// Two suites: what needs nothing but this process, in seconds; and what starts the program, worker threads or
// PostgreSQL (docs/decisions/0110-two-suites-of-tests.md).
export default defineConfig({
  test: {
    // One file for each processor; Vitest leaves one of them free by itself.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [INTEGRATION, ...OTHERS],
          testTimeout: 20_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'integration',
          include: [INTEGRATION],
          exclude: OTHERS,
          globalSetup: 'test/support/build-program.ts',
          // A process takes a fraction of a second to start, and many where everything is tested at once.
          testTimeout: 60_000,
          pool: 'forks',
        },
      },
    ],
  },
});
