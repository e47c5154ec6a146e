import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Policy, ServedEndpoint, ServedModel, Signature } from '@switchyard/contracts';
import { inspectOnnxFile } from '@switchyard/runtimes/onnx';

const EXAMPLE = new URL('../../../../examples/fraud/', import.meta.url);

export const FRAUD_MODELS = ['rule-based', 'random-forest', 'xgboost', 'neural-network'] as const;
export type FraudModel = (typeof FRAUD_MODELS)[number];

export interface FraudArtifact {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly signature: Signature;
}

/** The artifact of a model of the fraud example, with its signature as an upload would find it. */
export async function inspectFraudModel(name: FraudModel): Promise<FraudArtifact> {
  const path = fileURLToPath(new URL(`artifacts/${name}.onnx`, EXAMPLE));
  const described = JSON.parse(readFileSync(new URL('artifacts/models.json', EXAMPLE), 'utf8')) as {
    models: { name: string; features: string[]; labels: number[]; positiveLabel: number }[];
  };
  const spec = described.models.find((model) => model.name === name);
  if (spec === undefined) throw new Error(`models.json does not describe ${name}`);
  const { features, labels, positiveLabel } = spec;
  const result = await inspectOnnxFile({
    path,
    spec: { format: 'onnx', features, labels, positiveLabel },
    task: 'binary',
    timeoutMs: 30_000,
    memoryLimitMb: 2_048,
  });
  if (!result.ok) throw new Error(`${name}: ${result.reason}`);
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, sizeBytes: bytes.length, signature: result.signature };
}

export function servedModel(
  name: string,
  versions: Readonly<Record<string, FraudArtifact>>,
  aliases: Readonly<Record<string, string>> = {},
): ServedModel {
  return {
    name,
    task: 'binary',
    defaultVersion: Object.keys(versions).at(-1) as string,
    aliases,
    versions: Object.fromEntries(
      Object.entries(versions).map(([version, { sha256, sizeBytes, signature }]) => [
        version,
        { version, format: 'onnx', artifact: { sha256, sizeBytes }, signature },
      ]),
    ),
  };
}

export function servedEndpoint(
  name: string,
  policy: Policy,
  revision = 1,
  settings: Partial<ServedEndpoint['settings']> = {},
): ServedEndpoint {
  return {
    name,
    revision,
    policy,
    settings: {
      onLogFailure: 'refuse',
      unknownFeatures: 'reject',
      timeoutMs: 10_000,
      maximumQueuedRows: 10_000,
      ...settings,
    },
  };
}

const COLUMNS = 29;

/** Rows of the example from the given one on, without time and outcome. */
export function readTransactions(from: number, count: number): Record<string, number>[] {
  const [header, ...lines] = readFileSync(new URL('data/transactions.csv', EXAMPLE), 'utf8').trim().split('\n');
  const names = (header as string).split(',').slice(1, 1 + COLUMNS);
  return lines.slice(from, from + count).map((line) => {
    const values = line.split(',').slice(1, 1 + COLUMNS);
    return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
  });
}
