import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { FeatureSpec } from '@switchyard/contracts';

/** What a condition may look at. `features` holds only the features that conditions name. */
export interface ConditionInput {
  readonly features: Readonly<Record<string, unknown>>;
  readonly segment: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly context: Readonly<Record<string, string | number | boolean>>;
}

export type ConditionOutcome = true | false | { readonly error: string };

export interface CompiledCondition {
  readonly source: string;
  /** Names of the features it looks at. */
  readonly features: readonly string[];
  /** A failure while it runs (a missing key, mixed types) is an outcome, not an exception. */
  readonly evaluate: (input: ConditionInput) => ConditionOutcome;
}

const LIMITS = { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 1_000, maxMapEntries: 100, maxCallArguments: 16 };

const declareOthers = (environment: Environment): Environment =>
  environment
    .registerVariable('segment', 'map<string, string>')
    .registerVariable('unit', 'string')
    .registerVariable('context', 'map<string, dyn>');

// Declaring features one by one costs a conversion of all of them at every evaluation,
// so they are declared only where types are checked; at run time they are one map.
const runtimeEnvironment = declareOthers(
  new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS }).registerVariable('features', 'map<string, dyn>'),
);

const CEL_TYPES = { number: 'double', integer: 'int', string: 'string', boolean: 'bool' } as const;

/** Compiles a condition that was checked before. Throws when it does not parse: that is a broken promise. */
export function compileCondition(source: string): CompiledCondition {
  const run = runtimeEnvironment.parse(source);
  const { names } = featuresOf(run.ast);
  return {
    source,
    features: names,
    evaluate(input) {
      try {
        const value: unknown = run(input);
        return typeof value === 'boolean' ? value : { error: 'the condition is neither true nor false' };
      } catch (error) {
        return { error: summaryOf(error) };
      }
    },
  };
}

/**
 * What is wrong with a condition, or undefined. It must parse, may use only `features`, `segment`, `unit`
 * and `context`, and must be true or false. Features that a model declares have that type;
 * others may be anything.
 */
export function findConditionProblem(source: string, specs: readonly FeatureSpec[]): string | undefined {
  let ast: ASTNode;
  try {
    ast = runtimeEnvironment.parse(source).ast;
  } catch (error) {
    return `does not parse: ${summaryOf(error)}`;
  }
  const { names, unnamed, functions } = featuresOf(ast);
  if (unnamed) return `name each feature, as features.amount or features["amount"]`;
  if (functions.includes('matches')) {
    return 'matches() is not available, because a pattern could take exponential time; use startsWith, endsWith, contains or in';
  }
  const schema: Record<string, string> = Object.create(null);
  for (const name of names) {
    const spec = specs.find((one) => one.name === name);
    schema[name] = spec === undefined ? 'dyn' : CEL_TYPES[spec.type];
  }
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS });
  if (names.length === 0) environment.registerVariable('features', 'map<string, dyn>');
  else environment.registerVariable({ name: 'features', schema });
  const result = declareOthers(environment).check(source);
  if (!result.valid) return `does not type-check: ${summaryOf(result.error)}`;
  if (result.type === 'dyn') return 'must be true or false, which is not certain here; compare it, as in … == true';
  if (result.type !== 'bool') return `must be true or false, but is of type ${result.type}`;
  return undefined;
}

/** Names of the features a condition looks at; empty when it does not parse. */
export function featuresInCondition(source: string): readonly string[] {
  try {
    return featuresOf(runtimeEnvironment.parse(source).ast).names;
  } catch {
    return [];
  }
}

interface Usage {
  readonly names: readonly string[];
  /** `features` is used other than through a literal name. */
  readonly unnamed: boolean;
  readonly functions: readonly string[];
}

function featuresOf(root: ASTNode): Usage {
  const names = new Set<string>();
  const functions = new Set<string>();
  let unnamed = false;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if (!isNode(value)) return;
    if (value.op === 'id' && value.args === 'features') {
      unnamed = true;
      return;
    }
    const name = literalFeatureName(value);
    if (name !== undefined) {
      names.add(name);
      return;
    }
    if (value.op === 'call' || value.op === 'rcall') functions.add(value.args[0]);
    visit(value.args);
  };
  visit(root);
  return { names: [...names], unnamed, functions: [...functions] };
}

function literalFeatureName(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [target, key] = node.args;
  if (target.op !== 'id' || target.args !== 'features') return undefined;
  if (typeof key === 'string') return key;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : undefined;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function summaryOf(error: unknown): string {
  if (error instanceof Error) {
    const { summary } = error as Error & { summary?: string };
    return summary ?? error.message;
  }
  return 'unknown failure';
}
