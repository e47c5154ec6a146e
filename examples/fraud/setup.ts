import { readFileSync } from 'node:fs';
import type { ClassLabel, Endpoint, Lineage, Model, Policy, Problem, Task, VersionSpec } from '@switchyard/contracts';

interface TrainedModel {
  readonly name: string;
  readonly task: Task;
  readonly description: string;
  readonly file: string;
  readonly features: readonly string[];
  readonly labels: ClassLabel[];
  readonly positiveLabel: ClassLabel;
  readonly lineage: {
    readonly dataset: string;
    readonly datasetSha256: string;
    readonly rows: { readonly from: number; readonly to: number };
    readonly codeFile: string;
    readonly framework: string;
    readonly frameworkVersion: string | null;
    readonly exporter: string;
  };
  readonly metrics: Readonly<Record<string, number>>;
}

const artifacts = new URL('./artifacts/', import.meta.url);

export const ENDPOINT = 'fraud';

const champion = (model: string): Policy => ({ kind: 'model', model, alias: 'champion' });

/** Routing as a bank would: by amount, and an even split of the middle band. */
export const fraudPolicy: Policy = {
  kind: 'rules',
  rules: [
    { name: 'small', when: 'features.Amount < 100.0', policy: champion('rule-based') },
    {
      name: 'middle',
      when: 'features.Amount <= 1000.0',
      policy: {
        kind: 'split',
        arms: [
          { name: 'random-forest', weight: 0.5, policy: champion('random-forest') },
          { name: 'neural-network', weight: 0.5, policy: champion('neural-network') },
        ],
      },
    },
  ],
  otherwise: champion('xgboost'),
};

/** Creates the models, uploads their files and publishes the endpoint; what is there already stays as it is. */
export async function setUpFraudExample(controlUrl: string, print: (line: string) => void): Promise<void> {
  const { models } = JSON.parse(readFileSync(new URL('models.json', artifacts), 'utf8')) as { models: TrainedModel[] };
  for (const trained of models) {
    const existing = await find<Model>(`${controlUrl}/api/v1/models/${trained.name}`);
    if (existing === undefined) {
      const { name, task, description } = trained;
      await send('POST', `${controlUrl}/api/v1/models`, { name, task, description });
    }
    if ((existing?.versionCount ?? 0) === 0) {
      await upload(controlUrl, trained);
      print(`  model ${trained.name} uploaded`);
    }
    if (existing?.aliases.champion === undefined) {
      await send('PUT', `${controlUrl}/api/v1/models/${trained.name}/aliases/champion`, { version: '1' });
    }
  }
  if ((await find<Endpoint>(`${controlUrl}/api/v1/endpoints/${ENDPOINT}`)) === undefined) {
    await send('PUT', `${controlUrl}/api/v1/endpoints/${ENDPOINT}`, {
      policy: fraudPolicy,
      baseRevision: 0,
      author: 'fraud example',
      note: 'By amount: rules below 100, an even split up to 1000, XGBoost above',
    });
    print(`  endpoint ${ENDPOINT} published`);
  }
}

async function upload(controlUrl: string, trained: TrainedModel): Promise<void> {
  const { lineage } = trained;
  const described: Lineage = {
    dataset: lineage.dataset,
    datasetSha256: lineage.datasetSha256,
    run: lineage.codeFile,
    framework: [lineage.framework, lineage.frameworkVersion].filter(Boolean).join(' '),
    notes: `Trained on rows ${lineage.rows.from} to ${lineage.rows.to}; exported by ${lineage.exporter}; metrics measured on the rows after.`,
    metrics: { ...trained.metrics },
  };
  const spec: VersionSpec = {
    format: 'onnx',
    features: [...trained.features],
    labels: trained.labels,
    positiveLabel: trained.positiveLabel,
    lineage: described,
  };
  const form = new FormData();
  form.append('spec', new Blob([JSON.stringify(spec)], { type: 'application/json' }));
  form.append('artifact', new Blob([readFileSync(new URL(trained.file, artifacts))]), trained.file);
  const response = await fetch(`${controlUrl}/api/v1/models/${trained.name}/versions`, { method: 'POST', body: form });
  await expectOk(response);
}

async function find<T>(url: string): Promise<T | undefined> {
  const response = await fetch(url);
  if (response.status === 404) {
    await response.arrayBuffer();
    return undefined;
  }
  await expectOk(response);
  return (await response.json()) as T;
}

async function send(method: string, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  await expectOk(response);
  await response.arrayBuffer();
}

async function expectOk(response: Response): Promise<void> {
  if (response.ok) return;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new Error(`${response.url}: ${problem.code ?? response.status} ${problem.detail ?? ''}`);
}
