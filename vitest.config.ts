import { defineConfig } from 'vitest/config';

// Lanes: "fast" needs nothing but npm packages and is part of `npm run check`;
// "services" needs real servers or a browser and starts them itself;
// "simulation" holds the seeded statistical simulations.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['{apps,packages,examples,bench,tests}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.services.test.ts', '**/*.simulation.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'services',
          include: ['{apps,packages,examples,bench,tests}/**/*.services.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['{apps,packages,examples,bench,tests}/**/*.simulation.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
