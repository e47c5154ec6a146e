import { readFileSync } from 'node:fs';
import type { ClassLabel, Lineage, Model, Task, VersionSpec } from '@switchyard/contracts';
import { expectOk, find, send } from './control-api.ts';

/** One model of an example's `artifacts/models.json`. */
export interface TrainedModel {
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
    readonly codeFile: string;
    readonly framework: string;
    readonly frameworkVersion: string | null;
    readonly exporter: string;
  };
  /** null where it cannot be said: precision of a model that never predicts the positive class. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/**
 * Creates the models, uploads their files and makes them champions; what is there already stays as it is.
 * @param artifacts folder of the files, ending in a slash
 * @param notes what to write down about how a model was trained and measured
 */
export async function setUpModels<M extends TrainedModel>(
  controlUrl: string,
  artifacts: URL,
  models: readonly M[],
  notes: (model: M) => string,
  print: (line: string) => void,
): Promise<void> {
  for (const trained of models) {
    const existing = await find<Model>(`${controlUrl}/api/v1/models/${trained.name}`);
    if (existing === undefined) {
      const { name, task, description } = trained;
      await send('POST', `${controlUrl}/api/v1/models`, { name, task, description });
    }
    if ((existing?.versionCount ?? 0) === 0) {
      await upload(controlUrl, artifacts, trained, notes(trained));
      print(`  model ${trained.name} uploaded`);
    }
    if (existing?.aliases.champion === undefined) {
      await send('PUT', `${controlUrl}/api/v1/models/${trained.name}/aliases/champion`, { version: '1' });
    }
  }
}

async function upload(controlUrl: string, artifacts: URL, trained: TrainedModel, notes: string): Promise<void> {
  const { lineage } = trained;
  const described: Lineage = {
    dataset: lineage.dataset,
    datasetSha256: lineage.datasetSha256,
    run: lineage.codeFile,
    framework: [lineage.framework, lineage.frameworkVersion].filter(Boolean).join(' '),
    notes,
    metrics: Object.fromEntries(
      Object.entries(trained.metrics).filter((entry): entry is [string, number] => entry[1] !== null),
    ),
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
  await response.arrayBuffer();
}
