import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import { parseOrThrow, SwitchyardError, type VersionSpec, versionSpecSchema } from '@switchyard/contracts';
import type { FastifyRequest } from 'fastify';
import { assertPlainJson } from '../server/assert-plain-json.ts';

const SPEC_MAXIMUM_BYTES = 4_194_304;

export interface Upload {
  readonly spec: VersionSpec;
  /** The artifact, in the uploads directory. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface UploadOptions {
  readonly directory: string;
  readonly artifactMaximumBytes: number;
}

/** Makes the directory and removes what uploads of a process before this one left. */
export async function prepareUploads(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}

/**
 * Takes the two parts of an upload, in either order: the artifact goes to disk as it comes in, hashed on the way,
 * so that no more of it than a buffer is ever in memory. Passes what was received to `use`, and removes the file
 * afterwards unless `use` has moved it. Whatever goes wrong, a broken connection included, leaves nothing behind.
 */
export async function receiveUpload<Result>(
  request: FastifyRequest,
  options: UploadOptions,
  use: (upload: Upload) => Promise<Result>,
): Promise<Result> {
  const path = join(options.directory, randomUUID());
  try {
    return await use(await receive(request, options, path));
  } finally {
    await rm(path, { force: true });
  }
}

async function receive(request: FastifyRequest, options: UploadOptions, path: string): Promise<Upload> {
  let spec: VersionSpec | undefined;
  let artifact: { sha256: string; sizeBytes: number } | undefined;
  const parts = request.parts({
    limits: { fields: 10, files: 2, fieldSize: SPEC_MAXIMUM_BYTES, fileSize: Number.MAX_SAFE_INTEGER },
  });
  for await (const part of parts) {
    if (part.fieldname === 'spec' && spec === undefined) {
      spec = parseSpec(part.type === 'file' ? await readSpecFile(part) : part.value);
    } else if (part.fieldname === 'artifact' && part.type === 'file' && artifact === undefined) {
      artifact = await store(part.file, path, options.artifactMaximumBytes);
    } else {
      throw partProblem(part.fieldname, unexpectedPart(part.fieldname, part.type));
    }
  }
  if (!spec) throw partProblem('spec', 'the part is missing');
  if (!artifact) throw partProblem('artifact', 'the part is missing');
  if (artifact.sizeBytes === 0) throw partProblem('artifact', 'the file is empty');
  return { spec, path, ...artifact };
}

function unexpectedPart(name: string, type: string): string {
  if (name === 'artifact' && type === 'field') return 'the part must be a file';
  return name === 'artifact' || name === 'spec'
    ? 'the part is given twice'
    : "only the parts 'spec' and 'artifact' are expected";
}

function partProblem(field: string, detail: string): SwitchyardError {
  const name = field.slice(0, 100);
  return new SwitchyardError('invalid_request', `upload: ${name}: ${detail}`, { problems: [{ field: name, detail }] });
}

async function readSpecFile(part: MultipartFile): Promise<string> {
  return text(part.file.pipe(limitBytes(SPEC_MAXIMUM_BYTES, () => partProblem('spec', 'is too large'))));
}

/** A part that says that it is JSON has been parsed already. */
function parseSpec(value: unknown): VersionSpec {
  let parsed = value;
  if (typeof value === 'string') {
    try {
      parsed = JSON.parse(value);
    } catch {
      throw new SwitchyardError('malformed_json', "The part 'spec' is not valid JSON.", {
        problems: [{ field: 'spec', detail: 'is not valid JSON' }],
      });
    }
  }
  assertPlainJson(parsed, 'spec');
  return parseOrThrow(versionSpecSchema, parsed, 'spec');
}

async function store(
  file: Readable,
  path: string,
  maximumBytes: number,
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      sizeBytes += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const tooLarge = () =>
    new SwitchyardError('artifact_too_large', `The artifact is larger than ${maximumBytes} bytes.`);
  try {
    // Flushed here: made durable later, inside the transaction, gigabytes would keep everybody waiting.
    const target = createWriteStream(path, { flags: 'wx', flush: true });
    await pipeline(file, limitBytes(maximumBytes, tooLarge), measure, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new SwitchyardError('storage_full', 'There is no space left for this artifact.', { cause: error });
    }
    throw error;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

function limitBytes(maximumBytes: number, makeError: () => Error): Transform {
  let bytes = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      if (bytes > maximumBytes) done(makeError());
      else done(null, chunk);
    },
  });
}
