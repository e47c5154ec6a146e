import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const folder = fileURLToPath(new URL('../../protos/', import.meta.url));
const loaded = new Map<string, GrpcObject>();

/** Names as in the files, 64-bit numbers as text, enums by name, empty lists and maps there. */
const protoOptions = {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
};

/** What a file below protos/ defines; read once. */
export function loadProto(directory: string, file: string): GrpcObject {
  const key = `${directory}/${file}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const definition = loadPackageDefinition(loadSync(file, { ...protoOptions, includeDirs: [`${folder}${directory}`] }));
  loaded.set(key, definition);
  return definition;
}

/** What stands under a dotted name, such as a service. */
export function findInProto<T>(definition: GrpcObject, name: string): T {
  let found: unknown = definition;
  for (const part of name.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  if (found === undefined) throw new Error(`the protos have no ${name}`);
  return found as T;
}
