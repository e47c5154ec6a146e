import { SwitchyardError, type TensorSpec } from '@switchyard/contracts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { ModelPlan, ServingState, VersionPlan } from '../snapshot/serving-state.ts';
import { onlyInputOf } from './endpoint-infer.ts';

/** What a name stands for: endpoints come first, then models. */
export type Target =
  | { readonly kind: 'endpoint'; readonly plan: EndpointPlan }
  | { readonly kind: 'model'; readonly model: ModelPlan; readonly version: VersionPlan };

/** Throws model_not_found or version_not_found. */
export function findTarget(state: ServingState, name: string, version: string | undefined): Target {
  const plan = state.endpoints.get(name);
  if (plan !== undefined) {
    if (version !== undefined && version !== String(plan.revision)) {
      throw new SwitchyardError('version_not_found', `endpoint '${plan.name}' serves revision ${plan.revision} only`);
    }
    return { kind: 'endpoint', plan };
  }
  const model = findModel(state, name);
  const wanted = version ?? model.defaultVersion;
  const found = model.versions.get(wanted);
  if (found === undefined) {
    throw new SwitchyardError(
      'version_not_found',
      `version '${wanted.slice(0, 20)}' of model '${model.name}' is not loaded`,
    );
  }
  return { kind: 'model', model, version: found };
}

export function findModel(state: ServingState, name: string): ModelPlan {
  const model = state.models.get(name);
  if (model !== undefined) return model;
  throw new SwitchyardError('model_not_found', `there is no endpoint and no model '${name.slice(0, 100)}'`);
}

/** The input that a body of nothing but bytes is for; undefined when there are several. */
export function onlyInputOfTarget(target: Target): TensorSpec | undefined {
  if (target.kind === 'endpoint') return onlyInputOf(target.plan);
  const { inputs } = target.version.served.signature;
  return inputs.length === 1 ? inputs[0] : undefined;
}
