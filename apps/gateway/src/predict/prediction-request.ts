import { type FieldProblem, parseOrThrow, predictRequestSchema, SwitchyardError } from '@switchyard/contracts';
import { type FeaturePlan, MAXIMUM_PROBLEMS, type ReceivedRow, readRow } from './feature-plan.ts';

export type Segment = Readonly<Record<string, string>>;
export type Context = Readonly<Record<string, string | number | boolean>>;

/** A request whose every row was found to be right. */
export interface PredictionRequest {
  readonly rows: readonly ReceivedRow[];
  /** The rows as they were sent, where they were sent as rows; let go of as soon as they have been looked at. */
  instances?: readonly unknown[] | undefined;
  /** The features of the only row as they were sent, where that is how the log would write them. */
  featuresJson?: string | undefined;
  /** One a row, or one for all; '' where none was given. */
  readonly unit: string;
  readonly units: readonly string[] | undefined;
  readonly segment: Segment;
  readonly context: Context;
}

const UNIT_MAXIMUM_LENGTH = 512;
const MAXIMUM_TAGS_CHARACTERS = 8_192;
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
  checkBatch(instances.length, maximumRows, Array.isArray(units) ? units.length : undefined);
  if (!isUnit(unit) || !isRecordOf(segment, isText) || !isRecordOf(context, isScalar)) return refuse(body);
  if (units !== undefined && !(Array.isArray(units) && units.every(isUnit))) return refuse(body);
  checkSize('segment', segment);
  checkSize('context', context);
  return { rows: readRows(instances, plan), instances, unit, units, segment, context };
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

/**
 * Segment and context are written into the record of every row of a request,
 * so without a bound a small request could become a log of gigabytes.
 */
export function checkSize(what: string, record: Segment | Context): void {
  let size = 0;
  for (const name in record) size += name.length + String((record as Context)[name]).length;
  if (size <= MAXIMUM_TAGS_CHARACTERS) return;
  const detail = `names and values are longer than ${MAXIMUM_TAGS_CHARACTERS} characters together`;
  throw new SwitchyardError('invalid_request', `${what}: ${detail}`, { problems: [{ field: what, detail }] });
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

function isRecordOf<Value>(
  value: unknown,
  isValue: (member: unknown) => member is Value,
): value is Readonly<Record<string, Value>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) if (!isValue((value as Record<string, unknown>)[name])) return false;
  return true;
}

function refuse(body: unknown): never {
  parseOrThrow(predictRequestSchema, excerptOf(body), 'the body');
  throw new SwitchyardError('invalid_request', 'the body does not match the contract');
}

/**
 * What is wrong with a body is explained from a part of it: the schema would otherwise describe each of
 * a million wrong members. Rows have checks of their own, which say more.
 */
function excerptOf(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return Array.isArray(body) ? [] : body;
  const excerpt: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (KNOWN_MEMBERS.has(name)) excerpt[name] = value;
    else if (Object.keys(excerpt).length < KNOWN_MEMBERS.size + 5) excerpt[name.slice(0, 100)] = null;
  }
  if (Array.isArray(excerpt.instances)) excerpt.instances = excerpt.instances.slice(0, 1).map(() => ({}));
  if (Array.isArray(excerpt.units)) excerpt.units = excerpt.units.slice(0, 20_000);
  excerpt.segment = wrongMembers(excerpt.segment, isText);
  excerpt.context = wrongMembers(excerpt.context, isScalar);
  return excerpt;
}

function wrongMembers(value: unknown, isRight: (member: unknown) => boolean): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return Array.isArray(value) ? [] : value;
  const wrong: Record<string, unknown> = Object.create(null);
  let count = 0;
  for (const [name, member] of Object.entries(value)) {
    if (isRight(member) || count === 20) continue;
    wrong[name] = typeof member === 'object' && member !== null ? {} : member;
    count += 1;
  }
  return { ...wrong };
}
