import type { ServedVersion, ServingSnapshot } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import type { KeptAnswers } from '../cache/kept-answers.ts';
import type { GatewayMetrics, Gauges, ModelMetrics, VersionMetrics } from '../metrics/gateway-metrics.ts';
import { type EndpointLoad, newEndpointLoad } from '../predict/admission.ts';
import { type EndpointPlan, planEndpoint } from '../predict/endpoint-plan.ts';
import { createLease, type Lease } from './lease.ts';

/** A model version that is addressed directly. */
export interface VersionPlan {
  readonly model: string;
  readonly version: string;
  readonly served: ServedVersion;
  readonly loaded: LoadedModel;
  readonly metrics: VersionMetrics;
  readonly modelMetrics: ModelMetrics;
  readonly load: EndpointLoad;
  readonly recordJson: string;
}

export interface ModelPlan {
  readonly name: string;
  readonly defaultVersion: string;
  /** Those that are loaded. */
  readonly versions: ReadonlyMap<string, VersionPlan>;
  /** Those of the snapshot that are not. */
  readonly unloadedVersions: readonly string[];
}

/** Everything that answers requests, immutable; a new snapshot makes a new one. */
export interface ServingState {
  readonly hash: string;
  readonly version: number;
  readonly endpoints: ReadonlyMap<string, EndpointPlan>;
  readonly models: ReadonlyMap<string, ModelPlan>;
  /** Held by every request under way, so that models are closed after the last one. */
  readonly lease: Lease;
}

/** Name under which direct calls of a model are logged and counted. */
export const directName = (model: string): string => `model:${model}`;

export interface ServingStateContext {
  readonly gateway: string;
  readonly metrics: GatewayMetrics;
  readonly loads: Map<string, EndpointLoad>;
  readonly findLoaded: (model: string, version: string) => LoadedModel | undefined;
  readonly keptAnswers?: KeptAnswers | undefined;
  /** What answers until the new state takes over. */
  readonly previous?: ServingState | undefined;
}

/** Targets of fallbacks, with whether they keep failing. */
export function targetGauges(state: ServingState | undefined, nowMs: number): Gauges['targets'] {
  return [...(state?.endpoints.values() ?? [])].flatMap(({ name, fallbacks }) =>
    [...fallbacks.values()].flatMap(({ targets }) =>
      targets.map(({ path, breaker }) => ({ endpoint: name, path, isOpen: breaker.state(nowMs) !== 'closed' })),
    ),
  );
}

export function buildServingState(snapshot: ServingSnapshot, context: ServingStateContext): ServingState {
  const { gateway, metrics, loads, findLoaded, keptAnswers, previous } = context;
  const loadOf = (name: string): EndpointLoad => {
    const known = loads.get(name) ?? newEndpointLoad();
    loads.set(name, known);
    return known;
  };
  const endpoints = new Map<string, EndpointPlan>();
  for (const endpoint of Object.values(snapshot.endpoints)) {
    const plan = planEndpoint(endpoint, {
      snapshot,
      gateway,
      findLoaded,
      loadOf,
      endpointMetrics: metrics.endpoint,
      versionMetrics: metrics.version,
      modelMetrics: metrics.model,
      targetMetrics: metrics.target,
      cacheMetrics: metrics.cache,
      keptAnswers,
      previous,
    });
    endpoints.set(endpoint.name, plan);
  }
  const models = new Map<string, ModelPlan>();
  for (const model of Object.values(snapshot.models)) {
    const versions = new Map<string, VersionPlan>();
    const unloadedVersions: string[] = [];
    const endpoint = directName(model.name);
    for (const served of Object.values(model.versions)) {
      const loaded = findLoaded(model.name, served.version);
      if (loaded === undefined) {
        unloadedVersions.push(served.version);
        continue;
      }
      const { version } = served;
      const fields = { endpoint, revision: 0, snapshot: snapshot.hash, gateway, path: '', model: model.name, version };
      versions.set(version, {
        model: model.name,
        version,
        served,
        loaded,
        metrics: metrics.version(endpoint, model.name, version),
        modelMetrics: metrics.model(model.name, version),
        load: loadOf(endpoint),
        recordJson: `${JSON.stringify(fields).slice(1, -1)},`,
      });
    }
    models.set(model.name, { name: model.name, defaultVersion: model.defaultVersion, versions, unloadedVersions });
  }
  return { hash: snapshot.hash, version: snapshot.version, endpoints, models, lease: createLease() };
}
