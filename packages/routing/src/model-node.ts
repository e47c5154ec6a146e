import type { ModelNode } from '@switchyard/contracts';
import { fieldAt, type ReportProblem } from './policy-problem.ts';
import { own, type RegistryView } from './registry-view.ts';

export interface CompiledModel {
  readonly kind: 'model';
  readonly path: string;
  readonly model: string;
  /** Either a version or an alias is given. */
  readonly version?: string;
  readonly alias?: string;
}

export function compileModel(node: ModelNode, path: string): CompiledModel {
  return {
    kind: 'model',
    path,
    model: node.model,
    ...(node.version === undefined ? {} : { version: node.version }),
    ...(node.alias === undefined ? {} : { alias: node.alias }),
  };
}

export function checkModel(node: ModelNode, place: string, view: RegistryView, report: ReportProblem): void {
  const model = own(view.models, node.model);
  if (model === undefined) {
    report(fieldAt(place, 'model'), `there is no model '${node.model}'`);
    return;
  }
  if (node.version !== undefined && own(model.versions, node.version) === undefined) {
    report(fieldAt(place, 'version'), `model '${node.model}' has no version ${node.version}`);
  }
  if (node.alias === undefined) return;
  const target = own(model.aliases, node.alias);
  if (target === undefined) {
    report(fieldAt(place, 'alias'), `model '${node.model}' has no alias '${node.alias}'`);
  } else if (own(model.versions, target) === undefined) {
    report(fieldAt(place, 'alias'), `alias '${node.alias}' of '${node.model}' means version ${target}, which is gone`);
  }
}

export function describeModel(node: ModelNode): string {
  return node.version === undefined ? `${node.model}@${node.alias ?? '?'}` : `${node.model} version ${node.version}`;
}
