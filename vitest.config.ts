import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Two workers suit the smallest machine the suite must pass on.
    maxWorkers: 2,
    testTimeout: 20_000,
    // The default second is short for a machine that has other things to do.
    expect: { poll: { timeout: 10_000 } },
  },
});
