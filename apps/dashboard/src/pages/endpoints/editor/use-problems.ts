import type { ControlAnswer } from '@switchyard/client';
import { useEffect, useState } from 'react';
import { useCheckPolicyQuery } from '../../../api/api.ts';
import { isApiError } from '../../../api/api-error.ts';
import { type PolicyProblem, validateShape } from '../../../policy/validate.ts';

export interface Checked {
  /** What is wrong, at which field; of the draft as it was a moment ago while `isChecking`. */
  readonly problems: readonly PolicyProblem[];
  readonly isChecking: boolean;
  /** The control plane could not say. */
  readonly error: unknown;
  readonly retry: () => void;
  /** What publishing would change, node by node; undefined while it is not known. */
  readonly changes: ControlAnswer<'checkPolicy'>['changes'] | undefined;
  readonly canPublish: boolean;
}

const DEBOUNCE_MS = 350;
/** Problems that the control plane names are about the body, of which the policy is a part. */
const withoutBody = (field: string) => field.replace(/^policy\.?/, '');

/**
 * Checks a draft as it is typed: its shape at once and here, and when that is right, against what is registered, by the
 * control plane, once nothing was typed for a moment.
 */
export function useProblems(endpoint: string, policy: unknown, baseRevision: number, isJson: boolean): Checked {
  const [shape, setShape] = useState<{ policy: unknown; problems: readonly PolicyProblem[] }>();
  const [settled, setSettled] = useState<unknown>();
  const [failure, setFailure] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another run
  useEffect(() => {
    let current = true;
    validateShape(policy).then(
      (problems) => {
        if (!current) return;
        setFailure(undefined);
        setShape({ policy, problems });
      },
      (error: unknown) => current && setFailure(error),
    );
    const timer = setTimeout(() => setSettled(policy), DEBOUNCE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [policy, attempt]);

  const ofShape = shape?.policy === policy ? shape?.problems : undefined;
  const hasShape = ofShape?.length === 0;
  const asked = hasShape && settled === policy;
  const check = useCheckPolicyQuery(
    { params: { endpoint }, body: { policy: policy as never, baseRevision } },
    { skip: !asked },
  );
  // Of other arguments than these the last answer is still there.
  const answer = asked && !check.isFetching && check.error === undefined ? check.data : undefined;
  const refused = asked && !check.isFetching && isApiError(check.error) && check.error.fields.length > 0;
  const told =
    refused && isApiError(check.error) ? check.error.fields : (answer?.problems ?? check.data?.problems ?? []);
  const problems = hasShape ? told.map(toPolicyField) : (ofShape ?? shape?.problems ?? []);
  const error = failure ?? (asked && !check.isFetching && !refused ? check.error : undefined);
  return {
    problems,
    isChecking: error === undefined && (ofShape === undefined || (hasShape && answer === undefined && !refused)),
    error,
    retry: () => {
      setAttempt(attempt + 1);
      if (asked) void check.refetch();
    },
    changes: hasShape ? check.data?.changes : undefined,
    canPublish: isJson && answer?.valid === true && answer.changes.length > 0,
  };
}

const toPolicyField = ({ field, detail }: PolicyProblem): PolicyProblem => ({ field: withoutBody(field), detail });
