import { type Answer, type ClassLabel, type Signature, SwitchyardError } from '@switchyard/contracts';

const PROBABILITY_TOLERANCE = 1e-9;

/**
 * Makes answers of what a module returned: a list with one item for each row. An item of a regression is a number or
 * `{value}`; of a classification the label, the probability of the positive class (binary only), or an object of
 * `label`, `score` and `probabilities` (a list in the order of the labels, or an object by label).
 * Throws `model_failed` that names the row.
 */
export function readModuleAnswers(text: string, rowCount: number, signature: Signature): Answer[] {
  const items: unknown = JSON.parse(text);
  if (!Array.isArray(items)) throw failed('it must answer with a list, one item for each row');
  if (items.length !== rowCount) throw failed(`it answered ${items.length} items for ${rowCount} rows`);
  const read = signature.roles.value === undefined ? makeClassReader(signature) : readValue;
  return items.map((item, row) => read(item, row));
}

function readValue(item: unknown, row: number): Answer {
  const value = isRecord(item) ? item.value : item;
  if (typeof value !== 'number') throw failed(`row ${row}: a number or {value} is needed, not ${show(item)}`);
  return { value };
}

function makeClassReader(signature: Signature): (item: unknown, row: number) => Answer {
  const labels = signature.labels ?? [];
  const keys = labels.map(String);
  const positive = signature.positiveLabel === undefined ? labels.length - 1 : labels.indexOf(signature.positiveLabel);
  const isBinary = labels.length === 2;

  const fromProbabilities = (values: readonly unknown[], row: number): Answer => {
    if (values.length !== labels.length)
      throw failed(`row ${row}: ${values.length} probabilities for ${labels.length} labels`);
    let best = 0;
    const probabilities: Record<string, number> = {};
    for (const [index, value] of values.entries()) {
      const probability = toProbability(value, row);
      probabilities[keys[index] as string] = probability;
      if (probability > (values[best] as number)) best = index;
    }
    return {
      label: labels[best] as ClassLabel,
      score: probabilities[keys[positive] as string] as number,
      probabilities,
    };
  };
  const fromScore = (value: unknown, row: number): Answer => {
    const score = toProbability(value, row);
    return fromProbabilities(positive === 1 ? [1 - score, score] : [score, 1 - score], row);
  };
  const toLabel = (value: unknown, row: number): ClassLabel => {
    const index = labels.indexOf(value as ClassLabel);
    if (index < 0) throw failed(`row ${row}: ${show(value)} is not among the labels`);
    return labels[index] as ClassLabel;
  };

  return (item, row) => {
    if (Array.isArray(item)) return fromProbabilities(item, row);
    if (!isRecord(item)) {
      // With the labels 0 and 1 the number 1 could be both; it means the same either way.
      if (labels.includes(item as ClassLabel) && !(isBinary && typeof item === 'number'))
        return { label: toLabel(item, row) };
      if (typeof item === 'number' && isBinary) return fromScore(item, row);
      return { label: toLabel(item, row) };
    }
    const { label, score, probabilities } = item;
    let answer: Answer = {};
    if (Array.isArray(probabilities)) answer = fromProbabilities(probabilities, row);
    else if (isRecord(probabilities))
      answer = fromProbabilities(
        keys.map((key) => probabilities[key]),
        row,
      );
    else if (score !== undefined && isBinary) answer = fromScore(score, row);
    if (label !== undefined) answer = { ...answer, label: toLabel(label, row) };
    if (answer.label === undefined) throw failed(`row ${row}: {label}, {score} or {probabilities} is needed`);
    return answer;
  };
}

function toProbability(value: unknown, row: number): number {
  if (typeof value === 'number' && value >= -PROBABILITY_TOLERANCE && value <= 1 + PROBABILITY_TOLERANCE) return value;
  throw failed(`row ${row}: ${show(value)} is not a probability`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const failed = (what: string): SwitchyardError => new SwitchyardError('model_failed', `The model failed: ${what}.`);

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
