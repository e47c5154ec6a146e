import type { DecisionStep, FeatureSpec, Policy, Rule, RulesNode } from '@switchyard/contracts';
import { type CompiledCondition, type ConditionInput, compileCondition, findConditionProblem } from './condition.ts';
import { childPath, fieldAt, type ReportProblem } from './policy-problem.ts';

/** The name under which the last branch appears in paths; no rule may have it. */
export const OTHERWISE = 'otherwise';

export interface CompiledRules<Node> {
  readonly kind: 'rules';
  readonly path: string;
  readonly rules: readonly { readonly name: string; readonly condition: CompiledCondition; readonly child: Node }[];
  readonly otherwise: Node;
}

export function compileRules<Node>(
  node: RulesNode,
  path: string,
  compileChild: (policy: Policy, path: string) => Node,
): CompiledRules<Node> {
  return {
    kind: 'rules',
    path,
    rules: node.rules.map((rule) => ({
      name: rule.name,
      condition: compileCondition(rule.when),
      child: compileChild(rule.policy, childPath(path, rule.name)),
    })),
    otherwise: compileChild(node.otherwise, childPath(path, OTHERWISE)),
  };
}

/**
 * The branch of the first rule that holds, else `otherwise`.
 * A condition that fails while it runs does not hold; the step's reason says so.
 */
export function chooseRule<Node>(rules: CompiledRules<Node>, input: ConditionInput, steps: DecisionStep[]): Node {
  let failures = '';
  for (const rule of rules.rules) {
    const outcome = rule.condition.evaluate(input);
    if (outcome === true) {
      steps.push(stepOf(rules.path, rule.name, failures));
      return rule.child;
    }
    if (outcome !== false) failures += `${failures === '' ? '' : '; '}${rule.name}: ${outcome.error}`;
  }
  steps.push(stepOf(rules.path, OTHERWISE, failures));
  return rules.otherwise;
}

function stepOf(node: string, chosen: string, failures: string): DecisionStep {
  return failures === ''
    ? { node, kind: 'rules', chosen }
    : { node, kind: 'rules', chosen, reason: `did not hold because it failed: ${failures}` };
}

export function checkRules(
  node: RulesNode,
  place: string,
  features: readonly FeatureSpec[],
  report: ReportProblem,
): void {
  const seen = new Set<string>();
  node.rules.forEach((rule, index) => {
    const nameField = fieldAt(place, `rules.${index}.name`);
    if (rule.name === OTHERWISE) report(nameField, `'${OTHERWISE}' is the name of the last branch`);
    else if (seen.has(rule.name)) report(nameField, `the rule name '${rule.name}' is used twice`);
    seen.add(rule.name);
    const problem = findConditionProblem(rule.when, features);
    if (problem !== undefined) report(fieldAt(place, `rules.${index}.when`), `the condition ${problem}`);
  });
}

export function describeRule(rule: Rule, index: number): string {
  return `rule ${index + 1}, when ${rule.when}`;
}
