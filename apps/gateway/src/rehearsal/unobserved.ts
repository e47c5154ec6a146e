import { createGatewayMetrics } from '../metrics/gateway-metrics.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import { type FallbackState, planFallback } from '../predict/plan-fallback.ts';

/**
 * The same plan with counters, breakers and retry budgets of its own, which nobody looks at, and without a cache:
 * trying it out asks the models, and leaves no trace in what is known of real traffic.
 */
export function unobserved(plan: EndpointPlan): EndpointPlan {
  const scratch = createGatewayMetrics();
  const modelMetrics = scratch.model('', '');
  return {
    ...plan,
    leaves: new Map([...plan.leaves].map(([node, leaf]) => [node, { ...leaf, modelMetrics, cache: undefined }])),
    ensembles: new Map(
      [...plan.ensembles].map(([node, ensemble]) => [
        node,
        {
          ...ensemble,
          meta: ensemble.meta === undefined ? undefined : { ...ensemble.meta, modelMetrics, cache: undefined },
        },
      ]),
    ),
    fallbacks: new Map(
      [...plan.fallbacks].map(([node, state]): [typeof node, FallbackState] => {
        if (node.kind !== 'fallback') return [node, state];
        return [node, planFallback(node, undefined, (path) => scratch.target('', path))];
      }),
    ),
  };
}
