import type { Model } from '@switchyard/contracts';
import { createContext, useContext } from 'react';
import type { Problem } from '../../../policy/validate.ts';

export interface FormContext {
  readonly set: (field: string, value: unknown) => void;
  readonly problems: readonly Problem[];
  readonly models: readonly Model[];
}

const Context = createContext<FormContext | null>(null);
export const FormProvider = Context.Provider;

export function useForm(): FormContext {
  const value = useContext(Context);
  if (value === null) throw new Error('useForm needs a FormProvider');
  return value;
}

/** What is wrong with exactly this field, as one text; undefined when nothing is. */
export function useProblemAt(field: string): string | undefined {
  const details = useForm().problems.filter((problem) => problem.field === field);
  return details.length === 0 ? undefined : details.map(({ detail }) => detail).join('; ');
}
