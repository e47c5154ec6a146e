// A shipper with chDB in a process of its own, for tests that kill it.
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import { createShipper } from '../shipper.ts';

const [logDirectory = '', analyticsDirectory = ''] = process.argv.slice(2);
const analytics = await openChdbAnalytics({ directory: analyticsDirectory });
const log = { warn: () => {}, error: (fields: object) => console.error(fields) };
const shipper = createShipper({ directory: logDirectory, analytics, log, intervalMs: 1 });
shipper.start();
process.send?.('started');
