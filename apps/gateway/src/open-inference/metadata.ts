import type { FeatureSpec, ModelMetadata, TensorDatatype, TensorSpec } from '@switchyard/contracts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { ModelPlan, VersionPlan } from '../snapshot/serving-state.ts';
import { outputNamesOf } from './endpoint-infer.ts';
import type { Target } from './targets.ts';

/** What `GET /v2` and ServerMetadata say that this server can. */
export const EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'parameters',
  'statistics',
];

const DATATYPE_OF: Record<FeatureSpec['type'] | 'any', TensorDatatype> = {
  number: 'FP64',
  integer: 'INT64',
  string: 'BYTES',
  boolean: 'BOOL',
  any: 'BYTES',
};

export function targetMetadata(target: Target): ModelMetadata {
  return target.kind === 'endpoint' ? endpointMetadata(target.plan) : modelMetadata(target.model, target.version);
}

/** An endpoint takes one tensor per feature; its version is its revision. */
function endpointMetadata(plan: EndpointPlan): ModelMetadata {
  const classes = plan.labels.length > 0 ? plan.labels.length : -1;
  const isEvery = (test: (label: unknown) => boolean): boolean => plan.labels.length > 0 && plan.labels.every(test);
  const label: TensorDatatype = isEvery((one) => typeof one === 'boolean')
    ? 'BOOL'
    : isEvery(Number.isInteger)
      ? 'INT64'
      : 'BYTES';
  return {
    name: plan.name,
    versions: [String(plan.revision)],
    platform: 'switchyard_endpoint',
    inputs: plan.features.features.map(({ name, type }) => ({ name, datatype: DATATYPE_OF[type], shape: [-1] })),
    outputs: outputNamesOf(plan).map((name) => ({
      name,
      datatype: name === 'label' ? label : 'FP64',
      shape: name === 'probabilities' ? [-1, classes] : [-1],
    })),
  };
}

function modelMetadata(model: ModelPlan, version: VersionPlan): ModelMetadata {
  const { inputs, outputs } = version.served.signature;
  return { name: model.name, versions: [...model.versions.keys()], platform: 'onnx_onnxv1', inputs, outputs };
}

export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  /** 0: the first dimension is the batch, and part of `dims`. */
  readonly max_batch_size: 0;
  readonly input: readonly TensorConfig[];
  readonly output: readonly TensorConfig[];
}

export interface TensorConfig {
  readonly name: string;
  readonly data_type: string;
  readonly dims: readonly number[];
}

/** The part of a model's configuration that says what it takes and gives, as clients ask for it. */
export function targetConfig(target: Target): ModelConfig {
  const { name, platform, inputs, outputs } = targetMetadata(target);
  return {
    name,
    platform,
    backend: target.kind === 'endpoint' ? 'switchyard' : 'onnxruntime',
    max_batch_size: 0,
    input: inputs.map(tensorConfig),
    output: outputs.map(tensorConfig),
  };
}

function tensorConfig({ name, datatype, shape }: TensorSpec): TensorConfig {
  return { name, data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`, dims: shape };
}
