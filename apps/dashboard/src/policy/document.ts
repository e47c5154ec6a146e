import type { EndpointSettings, Policy } from '@switchyard/contracts';
import { isShaped, placeOf } from './edit.ts';

/** What a revision holds, as it is edited: a draft of it may hold anything. */
export interface EndpointDocument {
  readonly policy: Policy;
  readonly settings: EndpointSettings;
}

/** What holds where nothing is said. */
export const DEFAULT_SETTINGS = {
  onLogFailure: 'refuse',
  unknownFeatures: 'reject',
  timeoutMs: 10_000,
  maximumQueuedRows: 10_000,
} as const satisfies EndpointSettings;

export const SETTING_LABELS: Record<keyof EndpointSettings, string> = {
  timeoutMs: 'Time limit',
  maximumQueuedRows: 'Queue limit',
  unknownFeatures: 'Features that nothing knows',
  onLogFailure: 'When the log cannot be written',
  cache: 'Answers to the same row',
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a revision. Where there is no cache the document has none, instead of one that is null. */
export function documentOf(revision: EndpointDocument): EndpointDocument {
  const { cache, ...settings } = revision.settings;
  return { policy: revision.policy, settings: cache ? { ...settings, cache } : settings };
}

/** Its policy, where a form can show it. */
export function policyOf(document: unknown): Policy | undefined {
  const policy = isRecord(document) ? document.policy : undefined;
  return isShaped(policy) ? policy : undefined;
}

export function settingsOf(document: unknown): Record<string, unknown> {
  return isRecord(document) && isRecord(document.settings) ? document.settings : {};
}

/**
 * What is sent to have exactly the document. The control plane keeps settings that are not given, so those that the
 * document leaves out are given their defaults.
 */
export function publishedOf(document: unknown): Record<string, unknown> {
  return {
    ...(isRecord(document) ? document : {}),
    settings: { ...DEFAULT_SETTINGS, cache: null, ...settingsOf(document) },
  };
}

/** Where a dotted field of a document is, in names: "middle › forest: weight", "Time limit". */
export function placeInDocument(document: unknown, field: string): string {
  const [part = '', ...rest] = field.split('.');
  if (part === 'policy') return placeOf(isRecord(document) ? document.policy : undefined, rest.join('.'));
  if (part === 'settings') {
    const label = SETTING_LABELS[rest[0] as keyof EndpointSettings];
    return label ?? (rest.length === 0 ? 'the settings' : rest.join('.'));
  }
  return part === '' ? 'the endpoint' : part === 'name' ? 'Name' : field;
}
