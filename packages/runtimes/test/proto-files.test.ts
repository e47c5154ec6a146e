import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';

interface OfficialField {
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly of?: string;
}
/** What the servers' own packages say; made by parity/make_descriptors.py. */
const official = JSON.parse(readFileSync(new URL('./fixtures/official-protos.json', import.meta.url), 'utf8')) as {
  readonly messages: Record<string, Record<string, OfficialField>>;
  readonly enums: Record<string, Record<string, number>>;
  readonly services: Record<string, Record<string, readonly [string, string]>>;
};

interface OwnMessage {
  readonly type: {
    readonly field: readonly {
      readonly name: string;
      readonly number: number;
      readonly type: string;
      readonly label: string;
      readonly typeName: string;
    }[];
    readonly value?: readonly { readonly name: string; readonly number: number }[];
  };
}
interface OwnMethod {
  readonly originalName: string;
  readonly path: string;
}

const files = [
  ['open-inference', 'open_inference_grpc.proto'],
  ['tensorflow-serving', 'prediction_service.proto'],
  ['torchserve', 'inference.proto'],
  ['torchserve', 'management.proto'],
] as const;
/** Written down otherwise on purpose; the bytes are the same. */
const PACKED = 'tensorflow.serving.PackedSignatureDefMap';
const ANY_IN_DISGUISE = 'google.protobuf.Any';

describe.each(files)('%s/%s', (directory, file) => {
  const folder = fileURLToPath(new URL(`../protos/${directory}`, import.meta.url));
  const own = loadSync(file, { keepCase: true, includeDirs: [folder] });
  const entries = Object.entries(own).filter(([name]) => !name.startsWith('google.') && name !== PACKED);

  it('has no message, field or number but those of the server itself', () => {
    let compared = 0;
    for (const [name, definition] of entries) {
      const { type } = definition as unknown as OwnMessage;
      if (type === undefined) continue;
      if (type.value !== undefined) {
        const values = Object.fromEntries(type.value.map((value) => [value.name, value.number]));
        // Newer servers know more kinds; none may mean something else.
        expect(official.enums[name], name).toMatchObject(values);
        continue;
      }
      for (const field of type.field) {
        const theirs = official.messages[name]?.[field.name];
        expect(theirs, `${name}.${field.name}`).toBeDefined();
        expect(
          [field.number, field.type.replace('TYPE_', ''), field.label === 'LABEL_REPEATED'],
          `${name}.${field.name}`,
        ).toEqual([theirs?.number, theirs?.type, theirs?.repeated]);
        // The library has names of its own for the entries of maps.
        if (theirs?.of === undefined || theirs.of.endsWith('Entry')) continue;
        const short = (full: string) => full.split('.').at(-1);
        const expected = short(field.typeName) === short(PACKED) ? ANY_IN_DISGUISE : field.typeName;
        expect(short(theirs.of), `${name}.${field.name}`).toBe(short(expected));
        compared += 1;
      }
    }
    expect(compared + entries.length).toBeGreaterThan(3);
  });

  it('calls methods that the server has', () => {
    const services = entries.filter(([, definition]) => (definition as { type?: unknown }).type === undefined);
    expect(services.length).toBeGreaterThan(0);
    for (const [name, service] of services) {
      for (const [method, definition] of Object.entries(service as unknown as Record<string, OwnMethod>)) {
        expect(official.services[name], name).toHaveProperty(method);
        expect(definition.path).toBe(`/${name}/${method}`);
      }
    }
  });
});
