import type { FeatureSpec, PredictionDetail } from '@switchyard/contracts';

/** Safe inside single quotes of a shell. */
export const quoteForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function predictCurl(gatewayUrl: string, endpoint: string, body: unknown): string {
  return [
    `curl -sS ${quoteForShell(`${gatewayUrl}/v1/models/${encodeURIComponent(endpoint)}:predict`)}`,
    `-H 'content-type: application/json'`,
    `-d ${quoteForShell(JSON.stringify(body))}`,
  ].join(' \\\n  ');
}

export function feedbackCurl(gatewayUrl: string, id: string, label: unknown): string {
  return `curl -sS ${quoteForShell(`${gatewayUrl}/v1/feedback`)} \\\n  -H 'content-type: application/json' \\\n  -d ${quoteForShell(JSON.stringify({ id, label }))}`;
}

/** The request that made a prediction, to be sent again. */
export function curlOfPrediction(gatewayUrl: string, prediction: PredictionDetail): string {
  return predictCurl(gatewayUrl, prediction.endpoint, {
    instances: [prediction.features],
    ...(prediction.unit === '' ? {} : { unit: prediction.unit }),
    ...(Object.keys(prediction.segment).length === 0 ? {} : { segment: prediction.segment }),
    ...(Object.keys(prediction.context).length === 0 ? {} : { context: prediction.context }),
  });
}

/** A row that a caller could send, with a value of the right type for each feature. */
export function exampleInstance(features: readonly FeatureSpec[]): Record<string, unknown> {
  const examples = { number: 12.5, integer: 3, string: 'text', boolean: true } as const;
  return Object.fromEntries(
    features.map((feature) => [feature.name, feature.default ?? feature.categories?.[0] ?? examples[feature.type]]),
  );
}
