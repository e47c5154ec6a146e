import type { Signature, TensorSpec } from '@switchyard/contracts';
import { productOf } from './tensors.ts';
import type { ServerMetadata } from './transport.ts';

/**
 * What about a server's model is not as registered, in words; undefined when all is well.
 * Parts that the server does not describe cannot be checked: every answer still is.
 */
export function findMismatch(signature: Signature, metadata: ServerMetadata | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  if (metadata.inputs.length > 0) {
    const unknown = metadata.inputs.find(({ name }) => !signature.inputs.some((input) => input.name === name));
    if (unknown !== undefined) return `The model server wants an input '${unknown.name}', which is not registered.`;
    const wrong = firstDifference('input', signature.inputs, metadata.inputs);
    if (wrong !== undefined) return wrong;
  }
  if (metadata.outputs.length === 0) return undefined;
  const roles = new Set(Object.values(signature.roles));
  const needed = signature.outputs.filter(({ name }) => roles.has(name));
  return firstDifference('output', needed, metadata.outputs);
}

function firstDifference(
  what: string,
  registered: readonly TensorSpec[],
  offered: readonly TensorSpec[],
): string | undefined {
  for (const spec of registered) {
    const found = offered.find(({ name }) => name === spec.name);
    if (found === undefined) return `The model server knows no ${what} '${spec.name}'.`;
    if (found.datatype !== spec.datatype) {
      return `The ${what} '${spec.name}' of the model server is ${found.datatype}, not ${spec.datatype} as registered.`;
    }
    const wanted = spec.shape.slice(1);
    const given = found.shape.slice(1);
    const isOpen = wanted.includes(-1) || given.includes(-1);
    if (!isOpen && productOf(wanted) !== productOf(given)) {
      return `The ${what} '${spec.name}' of the model server has the shape [${found.shape.join(', ')}], not [${spec.shape.join(', ')}] as registered.`;
    }
  }
  return undefined;
}
