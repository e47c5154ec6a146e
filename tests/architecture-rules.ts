/** Which package may import which, and what pure packages may not touch. Paths are relative to the repository. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface Layer {
  readonly folder: string;
  /** Folders of this repository that it may import from, itself aside; with a third part only that entry of a package. */
  readonly mayImport: readonly string[];
  readonly pure?: true;
}

const PURE = ['packages/special-functions', 'packages/contracts'];

export const layers: readonly Layer[] = [
  { folder: 'packages/special-functions', mayImport: [], pure: true },
  { folder: 'packages/contracts', mayImport: [] },
  { folder: 'packages/routing', mayImport: PURE, pure: true },
  { folder: 'packages/ensembles', mayImport: [...PURE, 'packages/metrics'], pure: true },
  { folder: 'packages/metrics', mayImport: PURE, pure: true },
  { folder: 'packages/drift', mayImport: PURE, pure: true },
  { folder: 'packages/experiments', mayImport: PURE, pure: true },
  { folder: 'packages/explanations', mayImport: [...PURE, 'packages/metrics'], pure: true },
  { folder: 'packages/prediction-log', mayImport: ['packages/contracts'] },
  { folder: 'packages/runtimes', mayImport: ['packages/contracts'] },
  { folder: 'packages/storage', mayImport: ['packages/contracts'] },
  { folder: 'packages/client', mayImport: ['packages/contracts'] },
  {
    folder: 'packages/charts',
    mayImport: ['packages/contracts', 'packages/metrics', 'packages/drift', 'packages/experiments'],
  },
  {
    folder: 'apps/gateway',
    mayImport: [
      'packages/contracts',
      'packages/routing',
      'packages/ensembles',
      'packages/runtimes',
      'packages/prediction-log',
      // A cache can be done without. Stores cannot: answering must never wait for one.
      'packages/storage/cache',
    ],
  },
  {
    folder: 'apps/control',
    mayImport: [
      'packages/contracts',
      'packages/routing',
      'packages/ensembles',
      'packages/drift',
      'packages/experiments',
      'packages/explanations',
      'packages/metrics',
      'packages/runtimes',
      'packages/storage',
      'packages/prediction-log',
    ],
  },
  { folder: 'apps/dashboard', mayImport: ['packages/contracts', 'packages/charts', 'packages/client'] },
  { folder: 'apps/cli', mayImport: ['packages/contracts', 'packages/prediction-log', 'examples'] },
];

const FORBIDDEN_IN_PURE: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['node: imports', /from\s+['"]node:/],
  ['the clock', /\bDate\.now\(|new Date\(\)|\bperformance\.now\(/],
  ['unseeded randomness', /\bMath\.random\b|\bcrypto\.(?:randomUUID|getRandomValues)\b/],
  ['the environment', /\bprocess\.(?:env|argv|exit|on)\b/],
  ['the network', /\bfetch\(/],
  ['logging', /\bconsole\./],
];

/** Every break of the rules, as one line each. */
export function findViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const layer = layers.find(({ folder }) => file.path.startsWith(`${folder}/`));
    if (layer === undefined)
      return isUnderRule(file.path) ? [`${file.path}: its folder has no row in the layer table`] : [];
    const isTest = /(^|\/)(test|bench|simulations|parity|testing)\/|\.test\.ts$/.test(
      file.path.slice(layer.folder.length),
    );
    const imports = isTest ? [] : importViolations(file, layer);
    return layer.pure && !isTest ? [...imports, ...purityViolations(file)] : imports;
  });
}

function isUnderRule(path: string): boolean {
  return /^(apps|packages)\//.test(path);
}

function importViolations(file: SourceFile, layer: Layer): string[] {
  const violations: string[] = [];
  for (const match of file.text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
    const specifier = match[1] ?? '';
    const target = folderOf(file.path, specifier);
    if (target === undefined || target === layer.folder || layer.mayImport.includes(target)) continue;
    const entry = /^@switchyard\/[a-z-]+\/(.+)$/.exec(specifier)?.[1];
    if (entry !== undefined && layer.mayImport.includes(`${target}/${entry}`)) continue;
    violations.push(`${file.path}: ${layer.folder} may not import ${specifier}`);
  }
  return violations;
}

/** The folder of this repository that an import leads to; undefined for other packages and for Node's own. */
function folderOf(path: string, specifier: string): string | undefined {
  const own = /^@switchyard\/([a-z-]+)/.exec(specifier);
  if (own !== null) {
    const name = own[1] ?? '';
    return layers.find(({ folder }) => folder.endsWith(`/${name}`))?.folder ?? `unknown package ${name}`;
  }
  if (!specifier.startsWith('.')) return undefined;
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  const top = parts[0] ?? '';
  return top === 'apps' || top === 'packages' ? parts.slice(0, 2).join('/') : top;
}

function purityViolations(file: SourceFile): string[] {
  const code = file.text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
  return FORBIDDEN_IN_PURE.filter(([, pattern]) => pattern.test(code)).map(
    ([what]) => `${file.path}: pure packages may not use ${what}`,
  );
}
