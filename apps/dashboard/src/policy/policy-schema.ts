import './without-eval.ts';
import { policySchema } from '@switchyard/contracts/policy';
import type { PolicyProblem } from './validate.ts';

/** Everything about the shape of a policy that is wrong, at the field where it is. */
export function checkPolicyShape(policy: unknown): PolicyProblem[] {
  const parsed = policySchema.safeParse(policy);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
}
