import { type FieldProblem, SwitchyardError } from '@switchyard/contracts';

export const modelNotFound = (model: string) => new SwitchyardError('model_not_found', `There is no model '${model}'.`);
export const versionNotFound = (model: string, version: string) =>
  new SwitchyardError('version_not_found', `Model '${model}' has no version ${version}.`);
export const aliasNotFound = (model: string, alias: string) =>
  new SwitchyardError('alias_not_found', `Model '${model}' has no alias '${alias}'.`);
export const endpointNotFound = (endpoint: string) =>
  new SwitchyardError('endpoint_not_found', `There is no endpoint '${endpoint}'.`);

/** What is wrong with a policy, first thing first. */
export function invalidPolicy(problems: readonly FieldProblem[], before = ''): SwitchyardError {
  const [first] = problems;
  const place = first?.field ? `${first.field}: ` : '';
  return new SwitchyardError('invalid_policy', `${before}${place}${first?.detail ?? 'invalid'}`, { problems });
}
