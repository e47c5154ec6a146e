import { type FieldProblem, parseOrThrow, predictRequestSchema, SwitchyardError } from '@switchyard/contracts';
import { type FeaturePlan, type ReceivedRow, readRow } from './feature-plan.ts';

export type Segment = Readonly<Record<string, string>>;
export type Context = Readonly<Record<string, string | number | boolean>>;

/** A request whose every row was found to be right. */
export interface PredictionRequest {
  readonly rows: readonly ReceivedRow[];
  /** One a row, or one for all; '' where none was given. */
  readonly unit: string;
  readonly units: readonly string[] | undefined;
  readonly segment: Segment;
  readonly context: Context;
}

const UNIT_MAXIMUM_LENGTH = 512;
const MAXIMUM_PROBLEMS = 100;
const NOTHING: Readonly<Record<string, never>> = Object.freeze({});
const KNOWN_MEMBERS = new Set(['instances', 'unit', 'units', 'segment', 'context']);

/**
 * Checks the body of `:predict`. The checks are written by hand because they run on every request;
 * the schema of the contract is used to explain what is wrong.
 * Throws invalid_request, invalid_features or batch_too_large.
 */
export function readPredictRequest(body: unknown, plan: FeaturePlan, maximumRows: number): PredictionRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refuse(body);
  const request = body as Record<string, unknown>;
  for (const member in request) if (!KNOWN_MEMBERS.has(member)) return refuse(body);
  const { instances, unit = '', units, segment = NOTHING, context = NOTHING } = request;
  if (!Array.isArray(instances) || instances.length === 0) return refuse(body);
  if (!isUnit(unit) || !isSegment(segment) || !isContext(context)) return refuse(body);
  if (units !== undefined && !(Array.isArray(units) && units.every(isUnit))) return refuse(body);
  checkBatch(instances.length, maximumRows, units?.length);
  return { rows: readRows(instances, plan), unit, units, segment, context };
}

/** Rows and units of equal number, and not too many. */
export function checkBatch(rows: number, maximumRows: number, units: number | undefined): void {
  if (rows > maximumRows) {
    throw new SwitchyardError('batch_too_large', `${rows} rows were sent, ${maximumRows} are allowed in one request.`);
  }
  if (units !== undefined && units !== rows) {
    const detail = `there are ${units} units for ${rows} rows`;
    throw new SwitchyardError('invalid_request', `units: ${detail}`, { problems: [{ field: 'units', detail }] });
  }
}

/** Throws invalid_features that names every wrong row and feature (the first hundred). */
export function readRows(instances: readonly unknown[], plan: FeaturePlan): readonly ReceivedRow[] {
  const problems: FieldProblem[] = [];
  const rows: ReceivedRow[] = [];
  for (let index = 0; index < instances.length; index += 1) {
    const row = readRow(plan, instances[index], index, problems);
    if (row !== undefined) rows.push(row);
    if (problems.length >= MAXIMUM_PROBLEMS) break;
  }
  if (problems.length > 0) throw invalidFeatures(problems);
  return rows;
}

export function invalidFeatures(problems: readonly FieldProblem[]): SwitchyardError {
  const first = problems[0] as FieldProblem;
  const place = first.field === undefined ? `row ${first.index}` : `row ${first.index}, feature '${first.field}'`;
  return new SwitchyardError('invalid_features', `${place}: ${first.detail}`, {
    problems: problems.slice(0, MAXIMUM_PROBLEMS),
  });
}

export function isUnit(value: unknown): value is string {
  return typeof value === 'string' && value.length <= UNIT_MAXIMUM_LENGTH;
}

function isSegment(value: unknown): value is Segment {
  if (value === NOTHING) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) if (typeof (value as Record<string, unknown>)[name] !== 'string') return false;
  return true;
}

function isContext(value: unknown): value is Context {
  if (value === NOTHING) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    if (typeof item !== 'string' && typeof item !== 'boolean' && !Number.isFinite(item)) return false;
  }
  return true;
}

function refuse(body: unknown): never {
  // Rows have checks of their own, which say more; here only the number of them matters.
  const lean =
    typeof body === 'object' && body !== null && Array.isArray((body as { instances?: unknown }).instances)
      ? { ...body, instances: (body as { instances: unknown[] }).instances.slice(0, 1).map(() => ({})) }
      : body;
  parseOrThrow(predictRequestSchema, lean, 'the body');
  throw new SwitchyardError('invalid_request', 'the body does not match the contract');
}
