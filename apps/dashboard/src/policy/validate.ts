/** Something wrong with a draft: `field` is a dotted path into the policy, '' for the whole of it. */
export interface PolicyProblem {
  readonly field: string;
  readonly detail: string;
}

/**
 * What the schema of the contracts says about a draft. The schema is loaded when it is first asked, because only who
 * edits a policy needs it.
 */
export async function validateShape(policy: unknown): Promise<PolicyProblem[]> {
  const { checkPolicyShape } = await import('./policy-schema.ts');
  return checkPolicyShape(policy);
}
