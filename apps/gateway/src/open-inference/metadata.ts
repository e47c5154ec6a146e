import type { FeatureSpec, ModelMetadata, TensorDatatype } from '@switchyard/contracts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { ModelPlan, VersionPlan } from '../snapshot/serving-state.ts';
import { outputNamesOf } from './endpoint-infer.ts';

const DATATYPE_OF: Record<FeatureSpec['type'] | 'any', TensorDatatype> = {
  number: 'FP64',
  integer: 'INT64',
  string: 'BYTES',
  boolean: 'BOOL',
  any: 'BYTES',
};

/** An endpoint takes one tensor per feature; its version is its revision. */
export function endpointMetadata(plan: EndpointPlan): ModelMetadata {
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

export function modelMetadata(model: ModelPlan, version: VersionPlan): ModelMetadata {
  const { inputs, outputs } = version.served.signature;
  return { name: model.name, versions: [...model.versions.keys()], platform: 'onnx_onnxv1', inputs, outputs };
}
