import { readFileSync } from 'node:fs';

interface Encoded {
  readonly labels: string;
  readonly probabilities: string;
}

/** What Python's onnxruntime answers on an example's committed artifacts, for every row of its data set. */
export interface ExpectedAnswers {
  readonly labels: Uint8Array;
  /** Probability of class 1. */
  readonly probabilities: Float32Array;
}

/** Expected answers by model name, from an example's `artifacts/expected.json`. */
export function readExpectedAnswers(file: URL): ReadonlyMap<string, ExpectedAnswers> {
  const { models } = JSON.parse(readFileSync(file, 'utf8')) as { models: Record<string, Encoded> };
  return new Map(
    Object.entries(models).map(([name, { labels, probabilities }]) => {
      const bytes = Uint8Array.from(Buffer.from(probabilities, 'base64'));
      return [
        name,
        { labels: Uint8Array.from(Buffer.from(labels, 'base64')), probabilities: new Float32Array(bytes.buffer) },
      ];
    }),
  );
}
