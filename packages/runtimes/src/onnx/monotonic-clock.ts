import { performance } from 'node:perf_hooks';

// `performance.now()` counts from the start of its thread, `hrtime` from one point for the whole process.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds that can be compared between the threads of a process. */
export const monotonicMs = (): number => performance.now() + offsetMs;
