import { isMainThread } from 'node:worker_threads';

// Loaded into a gateway process that was started with --expose-gc: on request it collects all garbage, then tells
// what memory it needs. Without that, what is measured is when the collector felt like running.
if (isMainThread) {
  process.on('message', (message) => {
    if (message !== 'collect garbage') return;
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    process.send?.({ type: 'collected', ...process.memoryUsage() });
  });
}
