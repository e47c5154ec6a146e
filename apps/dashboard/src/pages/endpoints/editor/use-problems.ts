import type { ControlAnswer } from '@switchyard/client';
import { useEffect, useState } from 'react';
import { useCheckPolicyQuery } from '../../../api/api.ts';
import { isApiError } from '../../../api/api-error.ts';
import { publishedOf } from '../../../policy/document.ts';
import { type Problem, validateShape } from '../../../policy/validate.ts';
import type { Draft } from './use-draft.ts';

export interface Checked {
  /** What is wrong, at which field; of the draft as it was a moment ago while `isChecking`. */
  readonly problems: readonly Problem[];
  /** Nothing is checked against the registry before it has a name. */
  readonly isUnnamed: boolean;
  readonly isChecking: boolean;
  /** The control plane could not say. */
  readonly error: unknown;
  readonly retry: () => void;
  /** What publishing would change, node by node; undefined while it is not known. */
  readonly changes: ControlAnswer<'checkPolicy'>['changes'] | undefined;
  readonly canPublish: boolean;
}

const DEBOUNCE_MS = 350;

/**
 * Checks a draft as it is typed: its shape at once and here, and when that is right, against what is registered, by the
 * control plane, once nothing was typed for a moment. `isTaken`: somebody else's endpoint has the name.
 */
export function useProblems(draft: Draft, isTaken: boolean): Checked {
  const { name, document, baseRevision } = draft;
  const [shape, setShape] = useState<{ name: string; document: unknown; problems: readonly Problem[] }>();
  const [settled, setSettled] = useState<unknown>();
  const [failure, setFailure] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another run
  useEffect(() => {
    let current = true;
    validateShape(name, document).then(
      (problems) => {
        if (!current) return;
        setFailure(undefined);
        setShape({ name, document, problems });
      },
      (error: unknown) => current && setFailure(error),
    );
    const timer = setTimeout(() => setSettled(document), DEBOUNCE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [name, document, attempt]);

  const isUnnamed = name === '';
  const taken = isTaken ? [{ field: 'name', detail: `there is an endpoint ${name} already` }] : [];
  const isOfThis = shape !== undefined && shape.document === document && shape.name === name;
  const ofShape =
    shape === undefined
      ? undefined
      : [...taken, ...shape.problems.filter(({ field }) => !isUnnamed || field !== 'name')];
  const hasShape = isOfThis && ofShape?.length === 0 && !isUnnamed;
  const asked = hasShape && settled === document;
  const check = useCheckPolicyQuery(
    { params: { endpoint: name }, body: { ...publishedOf(document), baseRevision } as never },
    { skip: !asked },
  );
  // Of other arguments than these the last answer is still there.
  const answer = asked && !check.isFetching && check.error === undefined ? check.data : undefined;
  const refused = asked && !check.isFetching && isApiError(check.error) && check.error.fields.length > 0;
  const told =
    refused && isApiError(check.error) ? check.error.fields : (answer?.problems ?? check.data?.problems ?? []);
  const error = failure ?? (asked && !check.isFetching && !refused ? check.error : undefined);
  return {
    problems: hasShape ? told : (ofShape ?? []),
    isUnnamed,
    isChecking: error === undefined && !isUnnamed && (!isOfThis || (hasShape && answer === undefined && !refused)),
    error,
    retry: () => {
      setAttempt(attempt + 1);
      if (asked) void check.refetch();
    },
    changes: hasShape ? check.data?.changes : undefined,
    canPublish: draft.parseError === null && answer?.valid === true && answer.changes.length > 0,
  };
}
