import type { TensorSpec, UpstreamOf } from '@switchyard/contracts';
import { asRecord, parseModelJson } from '../upstream/json.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { itemsToTensors, tensorsToRows } from '../upstream/row-items.ts';
import type { ReceivedTensor } from '../upstream/tensors.ts';
import type { TransportCall } from '../upstream/transport.ts';

/**
 * Asks a handler for all rows, in the form that it was registered to take. TorchServe leaves bodies to the handlers.
 * @param ask sends one body and resolves with the bytes of a good answer
 */
export async function callHandler(
  upstream: UpstreamOf<'torchserve'>,
  context: TransportContext,
  call: TransportCall,
  ask: (body: string) => Promise<Buffer>,
): Promise<ReceivedTensor[]> {
  const rows = tensorsToRows(call.inputs, call.rowCount);
  return itemsToTensors(await askForItems(upstream.body, rows, call.outputs, ask), call.outputs, context.signature);
}

async function askForItems(
  form: UpstreamOf<'torchserve'>['body'],
  rows: readonly string[],
  outputs: readonly TensorSpec[],
  ask: (body: string) => Promise<Buffer>,
): Promise<unknown> {
  switch (form) {
    case 'rows':
      return parseModelJson(await ask(`[${rows.join(',')}]`));
    case 'instances': {
      const answer = parseModelJson(await ask(`{"instances":[${rows.join(',')}]}`));
      return asRecord(answer, 'The answer').predictions;
    }
    case 'row': {
      const answers = await Promise.all(rows.map(async (row) => parseModelJson(await ask(row))));
      return answers.map((answer) => unwrap(answer, outputs));
    }
  }
}

/** Handlers often wrap the answer of a single row into a list of one, as if it were a batch. */
function unwrap(answer: unknown, outputs: readonly TensorSpec[]): unknown {
  if (!Array.isArray(answer) || answer.length !== 1) return answer;
  const [only] = answer as unknown[];
  return typeof only === 'object' || outputs.length > 1 ? only : answer;
}
