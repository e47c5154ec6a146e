import { z } from 'zod';
import { type ErrorCode, errorRegistry, SwitchyardError } from './errors.ts';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** RFC 9457 problem details, as every error outside the Open Inference Protocol is answered. */
export const problemSchema = z
  .object({
    type: z.string().describe('a URI reference that names the code'),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(errorRegistry) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string(),
    requestId: z.string(),
    errors: z
      .array(
        z.object({
          field: z.string().optional(),
          index: z.int().optional(),
          code: z.string().optional(),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('what is wrong where, for errors about a body'),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

/**
 * The answer for any failure. What is not a SwitchyardError becomes `internal_error`
 * without its message: unknown failures never leak what they say.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  if (!SwitchyardError.is(error)) {
    return problemOf('internal_error', 'The failure was logged under this request id.', requestId);
  }
  const problem = problemOf(error.code, error.message, requestId);
  if (error.problems.length > 0) problem.errors = error.problems.map((item) => ({ ...item }));
  return problem;
}

function problemOf(code: ErrorCode, detail: string, requestId: string): Problem {
  const { status, title } = errorRegistry[code];
  return { type: `/problems/${code}`, title, status, code, detail, requestId };
}

/** Parses unknown input once at the edge; a mismatch names every field. */
export function parseOrThrow<T>(
  schema: z.ZodType<T>,
  input: unknown,
  what: string,
  code: ErrorCode = 'invalid_request',
): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 20)
    .map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
  const first = problems[0];
  const place = first?.field ? `${first.field}: ` : '';
  throw new SwitchyardError(code, `${what}: ${place}${first?.detail ?? 'invalid'}`, { problems });
}
