import { readFileSync } from 'node:fs';

interface Encoded {
  readonly labels: string;
  readonly probabilities: string;
}

/** What Python's onnxruntime answers on the committed artifacts, for every row of the data set. */
export interface ExpectedAnswers {
  readonly labels: Uint8Array;
  /** Probability of fraud. */
  readonly probabilities: Float32Array;
}

/** Expected answers by model name. */
export function readExpectedAnswers(): ReadonlyMap<string, ExpectedAnswers> {
  const file = new URL('./artifacts/expected.json', import.meta.url);
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
