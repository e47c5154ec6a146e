export { type InspectUpstreamOptions, inspectUpstream, type UpstreamInspection } from './inspect-upstream.ts';
export { loadUpstreamModel, type UpstreamLoadOptions } from './load-upstream-model.ts';
