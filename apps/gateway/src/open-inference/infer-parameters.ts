import { SwitchyardError } from '@switchyard/contracts';
import { type Context, checkSize, isUnit, type Segment } from '../predict/prediction-request.ts';

/** Parameters of a request, an input or an output: scalars in this protocol. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface RequestParameters {
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
  readonly timeoutMs: number | undefined;
  readonly isBinaryOutput: boolean;
}

/** An hour, in microseconds. */
const MAXIMUM_TIMEOUT_MICROS = 3_600_000_000;

const refuse = (detail: string): never => {
  throw new SwitchyardError('invalid_request', detail);
};

/** What the parameters of a request say here; others are left alone. Throws invalid_request. */
export function readRequestParameters(parameters: Parameters): RequestParameters {
  const unit = parameters.unit ?? '';
  if (!isUnit(unit)) return refuse('parameters.unit is a text of at most 512 characters');
  const segment = parametersBelow(parameters, 'segment.');
  for (const [name, value] of Object.entries(segment)) {
    if (typeof value !== 'string') refuse(`parameters.segment.${name.slice(0, 100)} is a text`);
  }
  const context = parametersBelow(parameters, 'context.');
  checkSize('segment', segment);
  checkSize('context', context);
  return {
    unit,
    segment: segment as Segment,
    context,
    timeoutMs: readTimeout(parameters.timeout),
    isBinaryOutput: readFlag(parameters, 'binary_data_output') ?? false,
  };
}

/** Microseconds; 0 is no timeout. */
function readTimeout(timeout: unknown): number | undefined {
  if (timeout === undefined || timeout === 0) return undefined;
  if (!Number.isSafeInteger(timeout) || (timeout as number) < 0) {
    return refuse('parameters.timeout is a whole number of microseconds');
  }
  return Math.min(timeout as number, MAXIMUM_TIMEOUT_MICROS) / 1_000;
}

export function readFlag(parameters: Parameters | undefined, name: string): boolean | undefined {
  const flag = parameters?.[name];
  if (flag === undefined || typeof flag === 'boolean') return flag;
  return refuse(`parameters.${name} is true or false`);
}

const UNSUPPORTED = ['shared_memory_region', 'classification'];

/** Answering as if these had not been asked for would hand out something else than what was asked for. */
export function refuseUnsupported(tensor: string, parameters: Parameters | undefined): void {
  if (parameters === undefined) return;
  const found = UNSUPPORTED.find((name) => parameters[name] !== undefined);
  if (found !== undefined) refuse(`'${tensor.slice(0, 200)}': parameters.${found} is not supported`);
}

/** Scalars under `prefix.` as a record of their own. */
function parametersBelow(parameters: Parameters, prefix: string): Parameters {
  const found: Record<string, string | number | boolean> = Object.create(null);
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  }
  return found;
}
