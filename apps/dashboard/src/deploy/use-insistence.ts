import { useState } from 'react';
import { isApiError } from '../api/api-error.ts';

/** Control found that requests which are answered now would not be: whoever publishes may insist. */
export function isClientsRefused(error: unknown): boolean {
  return isApiError(error) && error.code === 'clients_refused';
}

export interface Insistence {
  /** Publishing was refused for the sake of clients. */
  readonly isOffered: boolean;
  /** And it was said, for exactly this refusal, that it is wanted all the same. */
  readonly isGiven: boolean;
  readonly give: (given: boolean) => void;
}

/** A refusal can be overruled, on purpose: by one more step, which says what will happen, and that each time anew. */
export function useInsistence(error: unknown): Insistence {
  const [overruled, setOverruled] = useState<unknown>();
  const isOffered = isClientsRefused(error);
  return {
    isOffered,
    isGiven: isOffered && overruled === error,
    give: (given) => setOverruled(given ? error : undefined),
  };
}
