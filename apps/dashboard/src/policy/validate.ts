/** Something wrong with a draft: `field` is a dotted path into it, '' for the whole of it. */
export interface Problem {
  readonly field: string;
  readonly detail: string;
}

/**
 * What the schemas of the contracts say about a draft. They are loaded when they are first asked, because only who
 * edits an endpoint needs them.
 */
export async function validateShape(name: string, document: unknown): Promise<Problem[]> {
  const { checkEndpointShape } = await import('./endpoint-schema.ts');
  return checkEndpointShape(name, document);
}
