import type { RoutingState } from '@switchyard/contracts';
import { BANDIT_DEFAULTS, BEST_DEFAULTS, endpointFeatures } from '@switchyard/routing';
import type { PolicyRegistry } from '../endpoints/check-policy.ts';
import { type RegistryEndpoint, type RegistryView, versionKey } from '../registry/registry-view.ts';
import { compareCandidates, type LabelsOfVersion } from './compare-candidates.ts';
import type { LearningNode } from './learning-nodes.ts';
import type { Analytics } from './outcome-rows.ts';
import type { WindowSums } from './sum-over-window.ts';
import { sumRewards } from './sum-rewards.ts';

export interface ComputeOptions {
  readonly endpoint: RegistryEndpoint;
  readonly view: RegistryView;
  /** What is registered about the models of the endpoint's policy. */
  readonly registry: PolicyRegistry;
  readonly nowMs: number;
  /** Of a bandit's state, should it turn out to differ from the one before. */
  readonly epoch: number;
  /** What was summed for this node before. */
  readonly known: WindowSums;
}

const MINUTE_MS = 60_000;
/** A window is summed in about so many slices. */
const SLICES = 48;

/** What a node knows now, from the outcomes that are joined now. */
export async function computeState(
  analytics: Analytics,
  learning: LearningNode,
  options: ComputeOptions,
): Promise<RoutingState> {
  const { endpoint, view, registry, nowMs } = options;
  const { node, branches } = learning;
  const defaults = node.kind === 'best' ? BEST_DEFAULTS : BANDIT_DEFAULTS;
  const places = branches.flatMap((branch) => branch.places);
  const windowMinutes = node.windowMinutes ?? defaults.windowMinutes;
  const scope = {
    endpoint: endpoint.name,
    paths: [...new Set(places.map(({ path }) => path))],
    fromMs: nowMs - windowMinutes * MINUTE_MS,
    sliceMs: Math.ceil(windowMinutes / SLICES) * MINUTE_MS,
  };
  if (node.kind === 'bandit') {
    const { features } = endpointFeatures(endpoint.live.policy, registry.view);
    const arms = await sumRewards(
      analytics,
      { ...learning, node },
      scope,
      Object.fromEntries(
        features.flatMap((spec) => (typeof spec.default === 'number' ? [[spec.name, spec.default]] : [])),
      ),
      options.known,
    );
    return { kind: 'bandit', epoch: options.epoch, computedAtMs: nowMs, arms };
  }
  const task = view.models.get(places[0]?.labelled.model ?? '')?.task ?? 'binary';
  const labels = new Map<string, LabelsOfVersion>(
    registry.leaves.map(({ row: { model, version, signature } }) => {
      const positive = signature.positiveLabel ?? signature.labels?.at(-1);
      return [
        versionKey({ model, version: String(version) }),
        {
          positive: positive === undefined ? undefined : String(positive),
          labels: (signature.labels ?? []).map(String),
        },
      ];
    }),
  );
  return compareCandidates(
    analytics,
    { ...learning, node },
    scope,
    { task, labelsOf: (version) => labels.get(versionKey(version)) ?? { positive: undefined, labels: [] } },
    nowMs,
    options.known,
  );
}
