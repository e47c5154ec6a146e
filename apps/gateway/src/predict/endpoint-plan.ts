import type {
  ClassLabel,
  EndpointSettings,
  ServedEndpoint,
  ServedVersion,
  ServingSnapshot,
  Task,
} from '@switchyard/contracts';
import {
  type CompiledModel,
  type CompiledPolicy,
  compilePolicy,
  endpointFeatures,
  listModels,
  resolveVersion,
} from '@switchyard/routing';
import type { LoadedModel } from '@switchyard/runtimes';
import type { EndpointMetrics, ModelMetrics, VersionMetrics } from '../metrics/gateway-metrics.ts';
import { type FeaturePlan, planFeatures, planGatherer, type RowGatherer } from './feature-plan.ts';

/** What outlives revisions of an endpoint: how much of it is under way now. */
export interface EndpointLoad {
  queuedRows: number;
}

/** One leaf of the policy, ready to be run and written down. */
export interface LeafPlan {
  readonly model: string;
  readonly version: string;
  readonly path: string;
  readonly loaded: LoadedModel;
  readonly gather: RowGatherer;
  readonly metrics: VersionMetrics;
  readonly modelMetrics: ModelMetrics;
  /** `"endpoint":…,"revision":…,…,"path":…,"model":…,"version":…,` of every record of this leaf. */
  readonly recordJson: string;
  /** `{"model":…,"version":…,"path":…}` of the response. */
  readonly servedJson: string;
}

/** Everything an endpoint needs to answer, worked out once per snapshot. */
export interface EndpointPlan {
  readonly name: string;
  readonly revision: number;
  readonly settings: EndpointSettings;
  readonly task: Task;
  readonly labels: readonly ClassLabel[];
  readonly policy: CompiledPolicy;
  readonly features: FeaturePlan;
  readonly leaves: ReadonlyMap<CompiledModel, LeafPlan>;
  /** The versions it can reach, each once, in the order of the tree. */
  readonly versions: readonly ServedVersion[];
  /** `"V1":` and so on, in the order of the features. */
  readonly featureKeysJson: readonly string[];
  /** Positions of the features that conditions look at. */
  readonly conditionPositions: readonly number[];
  readonly load: EndpointLoad;
  readonly metrics: EndpointMetrics;
}

export interface PlanContext {
  readonly snapshot: ServingSnapshot;
  readonly gateway: string;
  readonly findLoaded: (model: string, version: string) => LoadedModel | undefined;
  readonly loadOf: (endpoint: string) => EndpointLoad;
  readonly endpointMetrics: (endpoint: string) => EndpointMetrics;
  readonly versionMetrics: (endpoint: string, model: string, version: string) => VersionMetrics;
  readonly modelMetrics: (model: string, version: string) => ModelMetrics;
}

/** Throws when the snapshot breaks its promise: a leaf without a version, or a version that is not loaded. */
export function planEndpoint(endpoint: ServedEndpoint, context: PlanContext): EndpointPlan {
  const { snapshot } = context;
  const merged = endpointFeatures(endpoint.policy, snapshot);
  const versions = new Map<string, ServedVersion>();
  for (const { node } of listModels(endpoint.policy)) {
    const version = resolveVersion(snapshot, node);
    const served = version === undefined ? undefined : snapshot.models[node.model]?.versions[version];
    if (served === undefined)
      throw new Error(`endpoint '${endpoint.name}' names '${node.model}', which the snapshot lacks`);
    versions.set(`${node.model}/${served.version}`, served);
  }
  const reachable = [...versions.values()];
  const features = planFeatures(merged, reachable, endpoint.settings.unknownFeatures);
  const policy = compilePolicy(endpoint.policy, { salt: endpoint.name, features: merged.features });
  const gatherers = new Map<string, RowGatherer>();
  const leaves = new Map<CompiledModel, LeafPlan>();
  for (const leaf of policy.leaves) {
    const version = resolveVersion(snapshot, leaf) as string;
    const key = `${leaf.model}/${version}`;
    const loaded = context.findLoaded(leaf.model, version);
    if (loaded === undefined) throw new Error(`version ${version} of model '${leaf.model}' is not loaded`);
    const gather = gatherers.get(key) ?? planGatherer(features, versions.get(key) as ServedVersion);
    gatherers.set(key, gather);
    const fields = {
      endpoint: endpoint.name,
      revision: endpoint.revision,
      snapshot: snapshot.hash,
      gateway: context.gateway,
      path: leaf.path,
      model: leaf.model,
      version,
    };
    leaves.set(leaf, {
      model: leaf.model,
      version,
      path: leaf.path,
      loaded,
      gather,
      metrics: context.versionMetrics(endpoint.name, leaf.model, version),
      modelMetrics: context.modelMetrics(leaf.model, version),
      recordJson: `${JSON.stringify(fields).slice(1, -1)},`,
      servedJson: JSON.stringify({ model: leaf.model, version, path: leaf.path }),
    });
  }
  const first = policy.leaves[0] as CompiledModel;
  return {
    name: endpoint.name,
    revision: endpoint.revision,
    settings: endpoint.settings,
    task: (snapshot.models[first.model] as { task: Task }).task,
    labels: reachable[0]?.signature.labels ?? [],
    policy,
    features,
    leaves,
    versions: reachable,
    featureKeysJson: features.features.map(({ name }) => `${JSON.stringify(name)}:`),
    conditionPositions: policy.conditionFeatures.map((name) => features.indexByName.get(name) as number),
    load: context.loadOf(endpoint.name),
    metrics: context.endpointMetrics(endpoint.name),
  };
}
