import { type ExpectedAnswers, readExpectedAnswers as readFrom } from '../shared/expected-answers.ts';

/** What Python's onnxruntime answers for every session, by model name. */
export function readExpectedAnswers(): ReadonlyMap<string, ExpectedAnswers> {
  return readFrom(new URL('./artifacts/expected.json', import.meta.url));
}
