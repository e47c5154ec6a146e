import { type FeedbackRecord, feedbackItemSchema, SwitchyardError } from '@switchyard/contracts';
import { type Exchange, sendJson } from '../http/exchange.ts';
import { parseJson, readText } from '../http/request-body.ts';
import type { Outbox } from '../log/outbox.ts';
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';

interface Rejection {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export interface FeedbackHandlerOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
  readonly metrics: GatewayMetrics;
  readonly maximumItems: number;
  readonly fail: (exchange: Exchange, endpoint: string, error: unknown) => void;
}

const MAXIMUM_MEMBERS = 1_000;
const MAXIMUM_DETAIL_CHARACTERS = 300;

/** Items of a body: parsed, or why one could not be. */
type Item = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string };

/**
 * `POST /v1/feedback`: one object, an array, or one object a line. What is right is taken, what is wrong is named;
 * 202 is answered after everything that was taken is in the log.
 */
export function handleFeedback(exchange: Exchange, body: Buffer, options: FeedbackHandlerOptions): void {
  const { outbox, newId, metrics, maximumItems, fail } = options;
  const items = isNdjson(exchange.headers.contentType) ? readLines(readText(body)) : readItems(parseJson(body));
  if (items.length > maximumItems) {
    throw new SwitchyardError(
      'batch_too_large',
      `${items.length} items were sent, ${maximumItems} are allowed in one request`,
    );
  }
  const lines: string[] = [];
  const rejected: Rejection[] = [];
  items.forEach((item, index) => {
    if (!item.ok) {
      rejected.push({ index, code: 'malformed_json', detail: item.detail });
      return;
    }
    if (countMembers(item.value) > MAXIMUM_MEMBERS) {
      rejected.push({ index, code: 'invalid_request', detail: `more than ${MAXIMUM_MEMBERS} values` });
      return;
    }
    const parsed = feedbackItemSchema.safeParse(item.value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
      const detail = `${place}${issue?.message ?? 'invalid'}`.slice(0, MAXIMUM_DETAIL_CHARACTERS);
      rejected.push({ index, code: 'invalid_request', detail });
      return;
    }
    const { id, at, label, reward, values } = parsed.data;
    const record: FeedbackRecord = {
      t: 'f',
      // Predictions carry lower-case ids.
      id: id.toLowerCase(),
      at: at === undefined ? exchange.atMs : Date.parse(at),
      receivedAt: exchange.atMs,
      sequence: newId(),
      label: label ?? null,
      reward: reward ?? null,
      values: values ?? {},
    };
    lines.push(JSON.stringify(record));
  });
  const answer = (): void => {
    metrics.countFeedback('accepted', lines.length);
    metrics.countFeedback('rejected', rejected.length);
    sendJson(exchange, 202, JSON.stringify({ accepted: lines.length, rejected }));
  };
  if (lines.length === 0) {
    answer();
    return;
  }
  outbox.add(lines, (failure) => {
    if (failure === undefined) answer();
    else fail(exchange, '', failure);
  });
}

/** Of the item and of its values: the schema would describe each wrong one. */
function countMembers(item: unknown): number {
  return Object.keys(Object(item)).length + Object.keys(Object((Object(item) as { values?: unknown }).values)).length;
}

function isNdjson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/(x-)?(ndjson|jsonl|json-lines)\b/i.test(contentType);
}

function readItems(body: unknown): Item[] {
  if (typeof body !== 'object' || body === null) {
    throw new SwitchyardError('invalid_request', 'the body is an object, an array of objects, or one object a line');
  }
  return (Array.isArray(body) ? body : [body]).map((value) => ({ ok: true, value }));
}

function readLines(text: string): Item[] {
  const items: Item[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    try {
      items.push({ ok: true, value: JSON.parse(line) });
    } catch (error) {
      items.push({ ok: false, detail: (error as Error).message });
    }
  }
  return items;
}
