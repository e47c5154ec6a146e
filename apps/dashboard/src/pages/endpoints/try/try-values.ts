import type { ControlArguments } from '@switchyard/client';
import type { FeatureSpec, FeatureValue, PredictionDetail } from '@switchyard/contracts';
import { exampleInstance } from '../curl.ts';

/** What is in the form, as it is typed. A feature that is not there is left out of the request. */
export interface TryValues {
  readonly features: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly segment: string;
  readonly context: string;
}

export type TryBody = ControlArguments<'tryEndpoint'>['body'];

export type ReadValues =
  | { readonly ok: true; readonly body: TryBody }
  | { readonly ok: false; readonly problems: readonly { readonly field: string; readonly detail: string }[] };

const show = (value: FeatureValue | undefined): string => (value === undefined || value === null ? '' : String(value));
const showPairs = (pairs: Readonly<Record<string, unknown>>) =>
  Object.entries(pairs)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join('\n');

/** What a prediction was made from; without one, an example of the right types. */
export function valuesOf(features: readonly FeatureSpec[], prediction: PredictionDetail | undefined): TryValues {
  const example = exampleInstance(features) as Record<string, FeatureValue>;
  const { source: _source, ...context } = prediction?.context ?? {};
  return {
    features: Object.fromEntries(
      features.map(({ name }) => [name, show(prediction === undefined ? example[name] : prediction.features[name])]),
    ),
    unit: prediction?.unit ?? 'customer-1',
    segment: showPairs(prediction?.segment ?? {}),
    context: showPairs(context),
  };
}

/** The request that the form stands for, or what in it cannot be read. Whether it is valid, the gateway says. */
export function readValues(specs: readonly FeatureSpec[], values: TryValues): ReadValues {
  const problems: { field: string; detail: string }[] = [];
  const features: Record<string, FeatureValue> = {};
  for (const { name, type } of specs) {
    const text = values.features[name] ?? '';
    if (text === '') continue;
    if (type === 'string') features[name] = text;
    else if (type === 'boolean') features[name] = text === 'true';
    else if (text.trim() !== '' && Number.isFinite(Number(text))) features[name] = Number(text);
    else problems.push({ field: `features.${name}`, detail: 'is no number' });
  }
  const segment = readPairs(values.segment, 'segment', problems);
  const context = readPairs(values.context, 'context', problems);
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    body: {
      features,
      ...(values.unit === '' ? {} : { unit: values.unit }),
      ...(Object.keys(segment).length === 0 ? {} : { segment }),
      ...(Object.keys(context).length === 0
        ? {}
        : { context: Object.fromEntries(Object.entries(context).map(([name, text]) => [name, scalarOf(text)])) }),
    },
  };
}

function readPairs(text: string, field: string, problems: { field: string; detail: string }[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const at = line.indexOf('=');
    if (at < 1) problems.push({ field, detail: `'${line.trim()}' is not of the form name=value` });
    else pairs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return pairs;
}

/** Context may hold numbers and truth values, and conditions compare them as such. */
function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
