import { errorRegistry } from '@switchyard/contracts';
import type { OpenApiDocument } from '@switchyard/contracts/openapi';

interface Described {
  readonly document: OpenApiDocument;
  readonly address: string;
}

/** The parts of an operation that the page shows; a document says more. */
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: unknown;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<
      string,
      { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }
    >
  >;
}

/** One page without scripts: operations by group, the shapes they use, the codes they fail with. */
export function renderDocumentationPage(described: readonly Described[]): string {
  const contents = described
    .map(({ document }) => {
      const prefix = anchorOf(document);
      const links = operationsOf(document).map(
        ({ method, path, operation }) =>
          `<li><a href="#${prefix}-${escapeHtml(operation.operationId ?? '')}">${escapeHtml(operation.summary ?? '')}</a> <span class="quiet">${method} ${escapeHtml(path)}</span></li>`,
      );
      return `<p><strong>${escapeHtml(document.info.title)}</strong></p><ul>${links.join('')}</ul>`;
    })
    .join('');
  const errors = Object.entries(errorRegistry)
    .map(
      ([code, { status, title, retryable }]) =>
        `<tr id="error-${code}"><td><code>${code}</code></td><td>${status}</td><td>${escapeHtml(title)}</td><td>${retryable ? 'yes' : 'no'}</td></tr>`,
    )
    .join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchyard API</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Contents"><p><a href="#errors">Error codes</a></p>${contents}</nav>
<main>
<h1>Switchyard API</h1>
${described.map(renderDocument).join('')}
<section id="errors"><h2>Error codes</h2>
<p>Errors are <code>application/problem+json</code> with <code>code</code>, <code>detail</code>, <code>requestId</code> and, for bodies, <code>errors</code> with the field. Try again only where it says so.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Same request may succeed later</th></tr></thead><tbody>${errors}</tbody></table>
</section>
</main>
</body>
</html>
`;
}

function renderDocument({ document, address }: Described): string {
  const prefix = anchorOf(document);
  const operations = operationsOf(document).map((entry) => renderOperation(prefix, entry));
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${prefix}-schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary>${renderSchema(prefix, schema)}</details>`,
  );
  return `<section><h2>${escapeHtml(document.info.title)}</h2>
<p>${escapeHtml(document.info.description ?? '')}</p>
<p>Base address <code>${escapeHtml(document.servers?.[0]?.url ?? '')}</code>, as OpenAPI 3.1: <a href="${address}">${address}</a></p>
${operations.join('')}<h3>Shapes</h3>${schemas.join('')}</section>`;
}

function renderOperation(prefix: string, { method, path, operation }: ReturnType<typeof operationsOf>[number]): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${escapeHtml(parameter.name)}</code></td><td>${escapeHtml(parameter.in)}${parameter.required ? ', required' : ''}</td><td>${renderSchema(prefix, parameter.schema)}</td></tr>`,
  );
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<p>Body <code>${escapeHtml(type)}</code></p>${renderSchema(prefix, schema)}`,
  );
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const shapes = Object.values(response.content ?? {}).map(({ schema }) => renderSchema(prefix, schema));
    return `<tr><td>${status}</td><td>${renderText(response.description ?? '')}${shapes.join('')}</td></tr>`;
  });
  return `<article id="${prefix}-${escapeHtml(operation.operationId ?? '')}">
<h3>${escapeHtml(operation.summary ?? '')}</h3>
<p class="address"><strong>${method}</strong> <code>${escapeHtml(path)}</code></p>
${parameters.length > 0 ? `<table><tbody>${parameters.join('')}</tbody></table>` : ''}
${bodies.join('')}
<table><tbody>${responses.join('')}</tbody></table>
</article>`;
}

function operationsOf(document: OpenApiDocument): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

/** A named shape is a link to it, any other one is shown as it is. */
function renderSchema(prefix: string, schema: unknown): string {
  const reference = (schema as { $ref?: unknown } | undefined)?.$ref;
  if (typeof reference === 'string') {
    const name = reference.split('/').at(-1) ?? '';
    return `<a href="#${prefix}-schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
  }
  const text = escapeHtml(JSON.stringify(schema, null, 2) ?? '');
  const linked = text.replaceAll(
    /&quot;#\/components\/schemas\/(\w+)&quot;/g,
    (_all, name: string) => `<a href="#${prefix}-schema-${name}">${name}</a>`,
  );
  return `<pre>${linked}</pre>`;
}

const anchorOf = (document: OpenApiDocument) => (document.info.title.includes('gateway') ? 'gateway' : 'control');

const renderText = (text: string) =>
  escapeHtml(text)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll('\n\n', '<br>');

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: minmax(16rem, 22rem) minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; box-sizing: border-box; padding: 1rem; border-right: 1px solid #8886; font-size: 0.875rem; }
nav ul { list-style: none; padding: 0; } nav li { margin: 0.25rem 0; }
main { padding: 1rem 2rem; max-width: 60rem; }
article, section { margin-block: 2rem; border-top: 1px solid #8886; }
table { border-collapse: collapse; width: 100%; margin-block: 0.5rem; }
td, th { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8884; }
pre { overflow: auto; max-height: 20rem; font-size: 0.8125rem; margin: 0.25rem 0; }
.quiet { opacity: 0.75; word-break: break-all; }
:target { outline: 2px solid #4a90d9; outline-offset: 4px; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
`;
