import type { Refusal } from '../src/index.ts';

/** The answer, or an error that says why there is none. */
export function answered<A extends { readonly ok: boolean }>(answer: A): Extract<A, { readonly ok: true }> {
  if (answer.ok) return answer as Extract<A, { readonly ok: true }>;
  const { reason, needed, have } = answer as unknown as Refusal;
  throw new Error(`${reason}: needed ${needed}, have ${have}`);
}
