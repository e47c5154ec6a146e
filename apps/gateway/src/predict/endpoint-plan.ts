import {
  type ClassLabel,
  ENSEMBLE_PREFIX,
  type EndpointSettings,
  type ServedEndpoint,
  type ServedVersion,
  type ServingSnapshot,
  type Task,
} from '@switchyard/contracts';
import {
  type CombiningNode,
  type CompiledModel,
  type CompiledNode,
  type CompiledPolicy,
  compilePolicy,
  endpointFeatures,
  listModelReferences,
  listModels,
  resolveVersion,
} from '@switchyard/routing';
import type { LoadedModel } from '@switchyard/runtimes';
import type { KeptAnswers, VersionCache } from '../cache/kept-answers.ts';
import { keyPrefix } from '../cache/row-key.ts';
import { type EnsemblePlan, planEnsemble } from '../execution/ensemble-plan.ts';
import type {
  CacheMetrics,
  EndpointMetrics,
  ModelMetrics,
  TargetMetrics,
  VersionMetrics,
} from '../metrics/gateway-metrics.ts';
import type { EndpointLoad } from './admission.ts';
import {
  type FeaturePlan,
  planFeatures,
  planGatherer,
  planShadowGatherer,
  type ShadowGatherer,
} from './feature-plan.ts';
import { type FallbackState, fallbacksByPath, planFallback } from './plan-fallback.ts';
import { type FeatureWriter, makeFeatureWriter } from './record-lines.ts';
import { longestFeatures } from './sent-features.ts';

/** Who answers, as responses and records name it. */
export interface ServedPlan {
  readonly model: string;
  /** '' for an ensemble. */
  readonly version: string;
  readonly path: string;
  readonly metrics: VersionMetrics;
  /** `"endpoint":…,"revision":…,…,"path":…,"model":…,"version":…,` of every record. */
  readonly recordJson: string;
  /** `{"model":…,"version":…,"path":…}` of the response. */
  readonly servedJson: string;
}

/** One leaf of the policy, ready to be run and written down. */
export interface LeafPlan extends ServedPlan {
  /** Undefined only for a shadow: an endpoint whose answer needs a model that is not loaded is not served. */
  readonly loaded: LoadedModel | undefined;
  /** Undefined for a row that a shadow does not take. */
  readonly gather: ShadowGatherer;
  readonly modelMetrics: ModelMetrics;
  /** Undefined where the endpoint has none, and for shadows, which are there to show how a model behaves. */
  readonly cache: VersionCache | undefined;
}

export interface PlannedEnsemble {
  readonly plan: EnsemblePlan;
  readonly served: ServedPlan;
  /** The meta-model of stacking. */
  readonly meta: Pick<LeafPlan, 'model' | 'loaded' | 'modelMetrics' | 'cache'> | undefined;
}

/** Everything an endpoint needs to answer, worked out once per snapshot. */
export interface EndpointPlan {
  readonly name: string;
  readonly revision: number;
  /** What answers depend on: the policy, the versions it names, and how rows are read. Equal keys answer equally. */
  readonly contentKey: string;
  /** False: whoever published it wants it served whatever recent requests would have been answered. */
  readonly isRehearsed: boolean;
  readonly settings: EndpointSettings;
  readonly task: Task;
  readonly labels: readonly ClassLabel[];
  readonly policy: CompiledPolicy;
  readonly features: FeaturePlan;
  readonly leaves: ReadonlyMap<CompiledNode, LeafPlan>;
  readonly ensembles: ReadonlyMap<CombiningNode, PlannedEnsemble>;
  readonly fallbacks: ReadonlyMap<CombiningNode, FallbackState>;
  /** The versions that may answer, each once, in the order of the tree. */
  readonly versions: readonly ServedVersion[];
  /** Some model does not run inline, so the time of single rows must be watched as well. */
  readonly isWatched: boolean;
  /** Features of a row as JSON, for the log. */
  readonly writeFeatures: FeatureWriter;
  /** How long the text of a caller may be that is taken for it. */
  readonly longestFeatures: number;
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
  readonly targetMetrics: (endpoint: string, path: string) => TargetMetrics;
  readonly cacheMetrics: (endpoint: string) => CacheMetrics;
  /** What answered until now. */
  readonly previous?: { readonly endpoints: ReadonlyMap<string, Pick<EndpointPlan, 'fallbacks'>> } | undefined;
  /** Undefined: nothing is kept, whatever endpoints say. */
  readonly keptAnswers?: KeptAnswers | undefined;
}

/** The name under which an ensemble answers. */
export const ensembleName = (method: string): string => `${ENSEMBLE_PREFIX}${method}`;

/** Throws when the snapshot breaks its promise: a leaf without a version, or a version that is not loaded. */
export function planEndpoint(endpoint: ServedEndpoint, context: PlanContext): EndpointPlan {
  const { snapshot } = context;
  const merged = endpointFeatures(endpoint.policy, snapshot);
  const answering = new Map<string, ServedVersion>();
  const listed = listModels(endpoint.policy);
  for (const { node, isShadow } of listed) {
    if (isShadow) continue;
    const { key, served } = versionOf(endpoint, node, snapshot);
    answering.set(key, served);
  }
  const reachable = [...answering.values()];
  const features = planFeatures(merged, reachable, endpoint.settings.unknownFeatures);
  const states = snapshot.routingStates?.[endpoint.name];
  const policy = compilePolicy(endpoint.policy, {
    salt: endpoint.name,
    features: merged.features,
    ...(states === undefined ? {} : { states }),
  });
  const serve = (model: string, version: string, path: string): ServedPlan => {
    const fields = {
      endpoint: endpoint.name,
      revision: endpoint.revision,
      snapshot: snapshot.hash,
      gateway: context.gateway,
      path,
      model,
      version,
    };
    return {
      model,
      version,
      path,
      metrics: context.versionMetrics(endpoint.name, model, version),
      recordJson: `${JSON.stringify(fields).slice(1, -1)},`,
      servedJson: JSON.stringify({ model, version, path }),
    };
  };

  const gatherers = new Map<string, ShadowGatherer>();
  const leaves = new Map<CompiledNode, LeafPlan>();
  for (const [index, leaf] of policy.leaves.entries()) {
    // Both lists are in the order of the tree. Paths do not tell: an arm of the primary may have the name of a shadow.
    const isShadow = listed[index]?.isShadow === true;
    const { key, served } = versionOf(endpoint, leaf, snapshot);
    const loaded = context.findLoaded(leaf.model, served.version);
    if (loaded === undefined && !isShadow) {
      throw new Error(`version ${served.version} of model '${leaf.model}' is not loaded`);
    }
    const gathererKey = `${key}/${isShadow}`;
    const gather =
      gatherers.get(gathererKey) ?? (isShadow ? planShadowGatherer(features, served) : planGatherer(features, served));
    gatherers.set(gathererKey, gather);
    leaves.set(leaf, {
      ...serve(leaf.model, served.version, leaf.path),
      loaded,
      gather,
      modelMetrics: context.modelMetrics(leaf.model, served.version),
      cache: isShadow ? undefined : planCache(endpoint, leaf.model, served, context),
    });
  }

  const task = (snapshot.models[(policy.leaves[0] as CompiledModel).model] as { task: Task }).task;
  const ensembles = new Map<CombiningNode, PlannedEnsemble>();
  const fallbacks = new Map<CombiningNode, FallbackState>();
  const known = fallbacksByPath(context.previous?.endpoints.get(endpoint.name)?.fallbacks);
  const metas: LoadedModel[] = [];
  for (const node of policy.combining) {
    if (node.kind === 'ensemble') {
      const first = versionOf(endpoint, firstLeafOf(node), snapshot).served;
      const meta = node.node.meta === undefined ? undefined : planMeta(endpoint, node.node.meta, context);
      if (meta?.loaded !== undefined) metas.push(meta.loaded);
      ensembles.set(node, {
        plan: planEnsemble(node.node, task, first),
        served: serve(ensembleName(node.node.method), '', node.path),
        meta,
      });
    }
    if (node.kind === 'fallback') {
      const metricsOf = (path: string) => context.targetMetrics(endpoint.name, path);
      fallbacks.set(node, planFallback(node, known.get(node.path), metricsOf));
    }
  }
  return {
    name: endpoint.name,
    revision: endpoint.revision,
    contentKey: contentKeyOf(endpoint, snapshot),
    isRehearsed: endpoint.rehearse !== false,
    settings: endpoint.settings,
    task,
    labels: reachable[0]?.signature.labels ?? [],
    policy,
    features,
    leaves,
    ensembles,
    fallbacks,
    versions: reachable,
    isWatched: [...[...leaves.values()].map(({ loaded }) => loaded), ...metas].some(
      (loaded) => loaded !== undefined && loaded.execution !== 'inline',
    ),
    writeFeatures: makeFeatureWriter(features.features.map(({ name }) => name)),
    longestFeatures: longestFeatures(features),
    conditionPositions: policy.conditionFeatures.map((name) => features.indexByName.get(name) as number),
    load: context.loadOf(endpoint.name),
    metrics: context.endpointMetrics(endpoint.name),
  };
}

interface Reference {
  readonly model: string;
  readonly version?: string | undefined;
  readonly alias?: string | undefined;
}

function versionOf(
  endpoint: ServedEndpoint,
  node: Reference,
  snapshot: ServingSnapshot,
): { readonly key: string; readonly served: ServedVersion } {
  const version = resolveVersion(snapshot, node);
  const served = version === undefined ? undefined : snapshot.models[node.model]?.versions[version];
  if (served === undefined)
    throw new Error(`endpoint '${endpoint.name}' names '${node.model}', which the snapshot lacks`);
  return { key: `${node.model}/${served.version}`, served };
}

/** Shadows have no part in it: they never change an answer. What nodes have learnt has none either. */
function contentKeyOf(endpoint: ServedEndpoint, snapshot: ServingSnapshot): string {
  const versions = listModelReferences(endpoint.policy)
    .filter(({ isShadow }) => !isShadow)
    .map(({ node }) => {
      const { key, served } = versionOf(endpoint, node, snapshot);
      return `${key}/${served.artifact.sha256}`;
    });
  return JSON.stringify([endpoint.policy, endpoint.settings.unknownFeatures, versions]);
}

function planMeta(endpoint: ServedEndpoint, node: Reference, context: PlanContext): PlannedEnsemble['meta'] {
  const { served } = versionOf(endpoint, node, context.snapshot);
  const { version } = served;
  const loaded = context.findLoaded(node.model, version);
  if (loaded === undefined) throw new Error(`version ${version} of meta-model '${node.model}' is not loaded`);
  const cache = planCache(endpoint, node.model, served, context);
  return { model: node.model, loaded, modelMetrics: context.modelMetrics(node.model, version), cache };
}

function planCache(
  { name, settings }: ServedEndpoint,
  model: string,
  served: ServedVersion,
  { keptAnswers, cacheMetrics }: PlanContext,
): VersionCache | undefined {
  if (!settings.cache || keptAnswers === undefined) return undefined;
  const ttlMs = settings.cache.ttlSeconds * 1_000;
  return { kept: keptAnswers, prefix: keyPrefix(model, served), ttlMs, lookups: cacheMetrics(name) };
}

function firstLeafOf(start: CompiledNode): CompiledModel {
  let node = start;
  for (;;) {
    switch (node.kind) {
      case 'model':
        return node;
      case 'split':
      case 'bandit':
        node = (node.arms[0] as { child: CompiledNode }).child;
        break;
      case 'rules':
        node = node.otherwise;
        break;
      case 'best':
        node = (node.candidates[0] as { child: CompiledNode }).child;
        break;
      case 'ensemble':
        node = (node.members[0] as { child: CompiledNode }).child;
        break;
      case 'cascade':
        node = (node.steps[0] as { child: CompiledNode }).child;
        break;
      case 'fallback':
        node = (node.targets[0] as { child: CompiledNode }).child;
        break;
      case 'shadow':
        node = node.primary;
        break;
    }
  }
}
