import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  type MethodDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { errorRegistry } from '@switchyard/contracts';
import { type ModelInferRequest, type ModelInferResponse, toBigInt, toNumber } from '../../src/grpc/messages.ts';
import type { FuzzedGateway } from './gateway.ts';
import { mutateBytes, mutateJson, mutateLength } from './mutate.ts';
import { type Call, checkTensors, decode, findWrongAnswer, mayFail, mayFailFor } from './oracle.ts';
import { createRandom, type Random } from './random.ts';
import { makeHttpDraft, makeMessage } from './requests.ts';

export interface FuzzReport {
  readonly inputs: number;
  /** By kind of input: how many were answered, and how many refused with which code. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly slowestMs: number;
  readonly failures: readonly string[];
}

/** Inputs under way at the same time, so that rows of different requests share runs of the models. */
const AT_ONCE = 64;
/** Processor time of one input; a busy machine does not count. */
const MAXIMUM_MS = 1_000;
const HANG_AFTER_MS = 60_000;
const MAXIMUM_FAILURES = 20;

const service = (
  (
    loadPackageDefinition(
      loadSync(
        fileURLToPath(import.meta.resolve('@switchyard/runtimes/protos/open-inference/open_inference_grpc.proto')),
        {
          keepCase: true,
          enums: String,
          defaults: true,
          oneofs: true,
        },
      ),
    ).inference as GrpcObject
  ).GRPCInferenceService as ServiceClientConstructor
).service;
const { requestSerialize, requestDeserialize } = service.ModelInfer as MethodDefinition<object, object>;

/** Sends inputs made from the seed; each is its own seed, so that one can be sent again alone. */
export async function fuzz(
  gateway: FuzzedGateway,
  options: { inputs: number; seed: number; from?: number },
): Promise<FuzzReport> {
  const { inputs, seed, from = 0 } = options;
  const outcomes: Record<string, Record<string, number>> = {};
  const failures: string[] = [];
  let slowestMs = 0;
  for (let first = from; first < from + inputs && failures.length < MAXIMUM_FAILURES; first += AT_ONCE) {
    const indices = Array.from({ length: Math.min(AT_ONCE, from + inputs - first) }, (_, offset) => first + offset);
    const batch = Promise.all(
      indices.map(async (index) => {
        const random = createRandom(Math.imul(seed, 0x9e3779b1) + index);
        const before = process.threadCpuUsage();
        const sending = index % 5 === 4 ? sendMessage(gateway, random) : sendHttp(gateway, random);
        const { user, system } = process.threadCpuUsage(before);
        slowestMs = Math.max(slowestMs, (user + system) / 1_000);
        if ((user + system) / 1_000 > MAXIMUM_MS) failures.push(`input ${index}: took ${(user + system) / 1_000} ms`);
        try {
          const { kind, outcome, wrong } = await sending;
          outcomes[kind] ??= {};
          outcomes[kind][outcome] = (outcomes[kind][outcome] ?? 0) + 1;
          if (wrong !== undefined) failures.push(`input ${index} (${kind}): ${wrong}`);
        } catch (error) {
          failures.push(`input ${index}: ${error instanceof Error ? error.stack : String(error)}`);
        }
      }),
    );
    const isDone = await Promise.race([batch.then(() => true), hang()]);
    if (!isDone) {
      failures.push(`one of the inputs ${first} to ${first + AT_ONCE - 1} is not answered`);
      break;
    }
    for (const error of gateway.unforeseen.splice(0)) {
      failures.push(`inputs from ${first}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    const wrongLine = gateway
      .takeLines()
      .map(findWrongLine)
      .find((found) => found !== undefined);
    if (wrongLine !== undefined) failures.push(`inputs from ${first}: ${wrongLine}`);
  }
  return { inputs, outcomes, slowestMs, failures };
}

function hang(): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), HANG_AFTER_MS).unref();
  });
}

interface Outcome {
  readonly kind: string;
  /** `answered`, or the code. */
  readonly outcome: string;
  readonly wrong: string | undefined;
}

async function sendHttp(gateway: FuzzedGateway, random: Random): Promise<Outcome> {
  const draft = makeHttpDraft(random);
  const isLeftAlone = random.chance(0.1);
  let { json } = draft;
  if (!isLeftAlone && !draft.isRaw && random.chance(0.6)) {
    for (let times = 1 + random.below(3); times > 0; times -= 1) json = mutateJson(json, random);
  }
  const text = draft.isRaw ? '' : (JSON.stringify(json) ?? '');
  const head = Buffer.from(text + ' '.repeat(random.below(9)));
  let body: Buffer = Buffer.concat([draft.isRaw ? Buffer.alloc(0) : head, ...draft.parts]);
  let headerLength = draft.isRaw ? '0' : draft.isBinary ? String(head.length) : undefined;
  if (!isLeftAlone && random.chance(0.4)) body = mutateBytes(body, random);
  if (!isLeftAlone && random.chance(0.1)) headerLength = mutateLength(head.length, random);
  const headers = headerLength === undefined ? [] : ['Inference-Header-Content-Length', headerLength];
  const answer = await gateway.send(draft.path, headers, body);
  const call: Call = { path: draft.path, body, headerLength };
  return { kind: draft.kind, ...judge(call, answer, isLeftAlone) };
}

function judge(
  call: Call,
  answer: Awaited<ReturnType<FuzzedGateway['send']>>,
  isLeftAlone: boolean,
): Omit<Outcome, 'kind'> {
  if (answer.status === 200) {
    const at = answer.headers.indexOf('inference-header-content-length');
    const headerLength = at < 0 ? undefined : answer.headers[at + 1];
    return { outcome: 'answered', wrong: findWrongAnswer(call, { path: call.path, body: answer.body, headerLength }) };
  }
  const told = JSON.parse(answer.body.toString()) as { code?: string; error?: string };
  const code = told.code ?? told.error?.split(':')[0] ?? '';
  const { status: wanted } = errorRegistry[code as keyof typeof errorRegistry] ?? { status: 0 };
  const wrong =
    wanted !== answer.status || isLeftAlone || isWrongCode(code, () => mayFail(call))
      ? `${answer.status} ${answer.body.toString().slice(0, 300)} for ${call.body.toString('base64').slice(0, 2_000)}`
      : undefined;
  return { outcome: code, wrong };
}

/** @param mayModelFail by what was sent */
function isWrongCode(code: string, mayModelFail: () => boolean): boolean {
  if (code === 'model_failed') return !mayModelFail();
  return code === 'internal_error' || !(code in errorRegistry);
}

async function sendMessage(gateway: FuzzedGateway, random: Random): Promise<Outcome> {
  const kind = 'grpc';
  const isLeftAlone = random.chance(0.1);
  let draft: unknown = makeMessage(random);
  let message: ModelInferRequest;
  try {
    if (!isLeftAlone && random.chance(0.4)) draft = mutateJson(draft, random);
    let bytes: Buffer = requestSerialize(draft as object);
    if (!isLeftAlone && random.chance(0.6)) bytes = mutateBytes(bytes, random);
    message = requestDeserialize(bytes) as ModelInferRequest;
  } catch {
    // Told by the library itself, before any of our code sees it.
    return { kind, outcome: 'not a message', wrong: undefined };
  }
  const answer = await gateway.infer(message);
  if ('code' in answer) {
    const code = answer.details.split(':')[0] as string;
    const isWrong = isLeftAlone || isWrongCode(code, () => mayFailFor(tensorsOf(message)));
    return { kind, outcome: code, wrong: isWrong ? `${answer.code} ${answer.details}` : undefined };
  }
  return { kind, outcome: 'answered', wrong: findWrongMessage(message, answer) };
}

function findWrongMessage(message: ModelInferRequest, answer: ModelInferResponse): string | undefined {
  const got = answer.outputs.map(({ name, datatype, shape }, index) => ({
    name,
    shape,
    values: decode(
      datatype,
      answer.raw_output_contents[index] as Uint8Array,
      shape.reduce((product, size) => product * size, 1),
    ),
  }));
  return checkTensors(message.model_name === 'types', tensorsOf(message), got);
}

function tensorsOf(message: ModelInferRequest) {
  return message.inputs.map(({ name, datatype, shape, contents }, index) => {
    const sizes = shape.map(toNumber);
    const count = sizes.reduce((product, size) => product * size, 1);
    const raw = message.raw_input_contents[index];
    if (raw !== undefined) return { name, shape: sizes, values: decode(datatype, raw, count) };
    const lists = Object.values(contents ?? {}).filter((list) => list.length > 0);
    const values = (lists.length === 1 ? (lists[0] as readonly unknown[]) : listFor(datatype, contents)).map(
      (value) => {
        if (value instanceof Uint8Array) return Buffer.from(value).toString();
        return typeof value === 'object' && value !== null ? toBigInt(value as Parameters<typeof toBigInt>[0]) : value;
      },
    );
    return { name, shape: sizes, values };
  });
}

const LISTS: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

function listFor(datatype: string, contents: object | null): readonly unknown[] {
  return ((contents ?? {}) as Record<string, readonly unknown[]>)[LISTS[datatype] ?? ''] ?? [];
}

/** A line that is no record, or whose features do not sum to what it says was answered. */
function findWrongLine(line: string): string | undefined {
  const {
    model,
    status: state,
    features,
    answer,
  } = JSON.parse(line) as {
    model: string;
    status: string;
    features: Record<string, number>;
    answer: { value?: number };
  };
  if (model !== 'sum' || state !== 'ok' || answer.value === undefined) return undefined;
  const values = Object.values(features);
  const sum = values.reduce((total, value) => total + value, 0);
  const tolerance = values.reduce((total, value) => total + Math.abs(value), 0) * 1e-6;
  return Math.abs(sum - answer.value) <= tolerance ? undefined : `a line of the log is wrong: ${line}`;
}
