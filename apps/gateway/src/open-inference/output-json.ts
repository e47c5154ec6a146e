import type { TensorDatatype } from '@switchyard/contracts';
import type { OutputTensor } from './infer-call.ts';

/**
 * A tensor of the response. 64-bit integers keep all their digits; what JSON cannot say (NaN, infinities) is null,
 * as every JSON writer does, rather than a number that was never there.
 */
export function outputJson(tensor: OutputTensor): string {
  return outputText(tensor, tensor.parameters, `,"data":[${dataJson(tensor.datatype, tensor.data)}]`);
}

/** @param rest further members of the tensor, each behind a comma */
export function outputText(
  { name, datatype, shape }: OutputTensor,
  parameters: Readonly<Record<string, string | number>> | undefined,
  rest: string,
): string {
  const more = parameters === undefined ? '' : `,"parameters":${JSON.stringify(parameters)}`;
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]${more}${rest}}`;
}

function dataJson(datatype: TensorDatatype, data: OutputTensor['data']): string {
  let text = '';
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index] as number | bigint | string | boolean;
    if (index > 0) text += ',';
    if (typeof value === 'string') text += JSON.stringify(value);
    else if (datatype === 'BOOL') text += value === true || value === 1 ? 'true' : 'false';
    else if (typeof value === 'number' && !Number.isFinite(value)) text += 'null';
    else text += value;
  }
  return text;
}
