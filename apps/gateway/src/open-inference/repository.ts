import { parseOrThrow, SwitchyardError } from '@switchyard/contracts';
import { z } from 'zod';
import { parseJson } from '../http/request-body.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import { findModel } from './targets.ts';

const bodySchema = z.object({
  ready: z.boolean().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

/** The body of a call of the repository extension, which may be left out. Throws malformed_json or invalid_request. */
export function readRepositoryBody(body: Buffer): z.infer<typeof bodySchema> {
  return body.length === 0 ? {} : parseOrThrow(bodySchema, parseJson(body), 'the body');
}

export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'UNAVAILABLE';
  readonly reason: string;
}

/**
 * Everything a name of an `infer` call may stand for: endpoints with their revision, models with each of their
 * versions. @param onlyReady without the versions that could not be loaded
 */
export function repositoryIndex(state: ServingState, onlyReady: boolean): IndexEntry[] {
  const endpoints = [...state.endpoints.values()].map(
    ({ name, revision }): IndexEntry => ({ name, version: String(revision), state: 'READY', reason: '' }),
  );
  const models = [...state.models.values()].flatMap(({ name, versions, unloadedVersions }): IndexEntry[] => [
    ...[...versions.keys()].map((version): IndexEntry => ({ name, version, state: 'READY', reason: '' })),
    ...unloadedVersions.map((version): IndexEntry => ({ name, version, state: 'UNAVAILABLE', reason: NOT_LOADED })),
  ]);
  return [...endpoints, ...models].filter((entry) => !onlyReady || entry.state === 'READY');
}

const NOT_LOADED = 'this version could not be loaded';

/**
 * Control says what is loaded, so a load has nothing left to do: it is granted when the model answers, which is
 * what clients that load before they ask want to know. Throws model_not_found, model_unavailable, or
 * unsupported_operation when a model or its configuration is sent along.
 */
export function loadFromRepository(
  state: ServingState,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
): void {
  const sent = Object.keys(parameters)[0];
  if (sent !== undefined) {
    throw new SwitchyardError(
      'unsupported_operation',
      `models are added through control, not with '${sent.slice(0, 100)}'`,
    );
  }
  if (state.endpoints.has(name)) return;
  const { versions } = findModel(state, name);
  if (versions.size === 0) throw new SwitchyardError('model_unavailable', `no version of model '${name}' is loaded`);
}

/** Always throws: unloading for one client would take the model away from endpoints and from everybody else. */
export function unloadFromRepository(state: ServingState, name: string): never {
  const what = state.endpoints.has(name) ? `endpoint '${name}'` : `model '${findModel(state, name).name}'`;
  throw new SwitchyardError(
    'unsupported_operation',
    `${what} is not unloaded from here: endpoints and control say what is loaded`,
  );
}
