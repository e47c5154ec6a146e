import type { TensorSpec } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { asRecord } from '../upstream/json.ts';
import type { ServerMetadata } from '../upstream/transport.ts';
import { datatypeOf } from './datatypes.ts';

/**
 * The tensors of one signature of a `SignatureDefMap`, which REST and gRPC write alike but for the case of the keys.
 * @param map the innermost `signature_def`, by name of the signature
 */
export function readSignatureDef(map: unknown, signatureName: string): ServerMetadata {
  const signatures = asRecord(map, 'The signature map');
  const found = signatures[signatureName];
  if (found === undefined) {
    const names = Object.keys(signatures).slice(0, 8).join("', '");
    throw new UpstreamFailure('unreadable', `The model has no signature '${signatureName}', but '${names}'.`);
  }
  const signature = asRecord(found, 'The signature');
  return { inputs: readTensors(signature.inputs), outputs: readTensors(signature.outputs) };
}

function readTensors(map: unknown): TensorSpec[] {
  return Object.entries(asRecord(map ?? {}, 'The tensor map')).map(([name, value]) => {
    const info = asRecord(value, `The tensor '${name}'`);
    const datatype = datatypeOf(String(info.dtype));
    if (datatype === undefined) {
      throw new UpstreamFailure('unreadable', `The tensor '${name}' is ${String(info.dtype)}, which cannot be served.`);
    }
    const shape = asRecord(info.tensor_shape ?? {}, `The shape of '${name}'`);
    // Of an unknown rank nothing more is known than that there are rows.
    const dims: unknown = shape.unknown_rank === true ? [{ size: '-1' }, { size: '-1' }] : (shape.dim ?? []);
    if (!Array.isArray(dims))
      throw new UpstreamFailure('unreadable', `The shape of '${name}' is no list of dimensions.`);
    return { name, datatype, shape: dims.map((dim) => Number(asRecord(dim, 'A dimension').size ?? 0)) };
  });
}
