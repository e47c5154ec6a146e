/**
 * How glibc's allocator gives back what was freed; elsewhere these mean nothing. Left alone it raises by itself the size
 * from which a block is given back at once (up to 32 MB), and keeps what models that were swapped out had needed: a
 * gateway that has swapped models is 30 MB larger then.
 */
const ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_OPTIONS',
  'LD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  ...Object.keys(ALLOCATOR),
];

/**
 * What a process of the platform starts with, beside its settings: of the supervisor's environment what it needs, as
 * credentials of the user's shell are none of its business.
 */
export function processEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  // Those are written by the operator for exactly this: tokens of model servers.
  const isWanted = (name: string): boolean => INHERITED.includes(name) || name.startsWith('SWITCHYARD_UPSTREAM_');
  const found = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || !isWanted(name) ? [] : [[name, value] as const],
  );
  return { ...ALLOCATOR, ...Object.fromEntries(found) };
}
