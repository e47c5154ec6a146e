import { describe, expect, it } from 'vitest';
import { processEnvironment } from '../src/process-environment.ts';

describe('processEnvironment', () => {
  it('hands on what a process needs and what is meant for it, and nothing else', () => {
    const given = processEnvironment({
      PATH: '/bin',
      SWITCHYARD_UPSTREAM_TRITON_TOKEN: 'for triton',
      AWS_SECRET_ACCESS_KEY: 'of the shell',
      TZ: undefined,
    });
    expect(given).toMatchObject({ PATH: '/bin', SWITCHYARD_UPSTREAM_TRITON_TOKEN: 'for triton' });
    expect(given).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
    expect(given).not.toHaveProperty('TZ');
  });

  it('bounds what the allocator keeps, unless the operator says otherwise', () => {
    expect(processEnvironment({})).toEqual({
      MALLOC_MMAP_THRESHOLD_: '262144',
      MALLOC_TRIM_THRESHOLD_: '131072',
    });
    expect(processEnvironment({ MALLOC_TRIM_THRESHOLD_: '1048576' }).MALLOC_TRIM_THRESHOLD_).toBe('1048576');
  });
});
