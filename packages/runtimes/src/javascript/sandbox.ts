import { stripTypeScriptTypes } from 'node:module';
import { createContext, Script, SourceTextModule } from 'node:vm';
import type { ModuleContext, RunResult } from './thread-messages.ts';

/**
 * Runs inside the module's own world and speaks with this one in texts only: an object of this world would lead the
 * module to `process` and everything else. What the module does to its JSON or Array harms itself alone.
 */
const BRIDGE = `(function (predict, contextText) {
  'use strict';
  const { parse, stringify } = JSON;
  const context = parse(contextText);
  const names = context.features;
  const toRow = (values) => {
    const row = { __proto__: null };
    for (let index = 0; index < names.length; index += 1) row[names[index]] = values[index];
    return row;
  };
  return (rowsText) => {
    try {
      const answers = predict(parse(rowsText).map(toRow), context);
      if (answers !== null && typeof answers === 'object' && typeof answers.then === 'function') {
        return 'E' + 'it answers with a promise; there is nothing to wait for here';
      }
      const text = stringify(answers);
      return typeof text === 'string' ? 'A' + text : 'E' + 'it answers nothing';
    } catch (error) {
      let message = 'it throws';
      try { message = String(error?.message ?? error); } catch {}
      return 'E' + message;
    }
  };
})`;

const FILE_NAME = 'model.js';

/**
 * Loads a module that exports a function as its default, into a world that holds the JavaScript language and nothing
 * else: no process, files, network, timers or modules. Must be called in a thread of its own: what was already
 * reachable there is closed for good. Rejects with an Error that says what is wrong with the module.
 */
export async function openSandbox(source: string, context: ModuleContext): Promise<(rows: string) => RunResult> {
  const world = createContext(Object.create(null), {
    name: 'model',
    codeGeneration: { strings: false, wasm: false },
  });
  const bridge = new Script(BRIDGE, { filename: 'bridge.js' }).runInContext(world) as (
    predict: unknown,
    contextText: string,
  ) => (rows: string) => unknown;
  const module = compile(source, world);
  await module.link((specifier) => {
    throw new Error(`it imports '${specifier}'; a model is one file without imports`);
  });
  closeThisWorld();
  try {
    await module.evaluate();
  } catch (error) {
    throw new Error(`it fails when it is loaded: ${messageOf(error)}`);
  }
  const predict = Object.hasOwn(module.namespace, 'default')
    ? (module.namespace as { default: unknown }).default
    : null;
  if (typeof predict !== 'function') throw new Error('it has no function as its default export');
  const run = bridge(predict, JSON.stringify(context));
  return (rows) => {
    const result = run(rows);
    if (typeof result !== 'string') return { error: 'it answers nothing' };
    return result.startsWith('A') ? { answers: result.slice(1) } : { error: result.slice(1, 500) };
  };
}

function compile(source: string, world: object): SourceTextModule {
  try {
    return new SourceTextModule(source, { context: world, identifier: FILE_NAME });
  } catch (error) {
    // Perhaps TypeScript. What both take apart the same way is never touched.
    let stripped: string;
    try {
      stripped = stripTypeScriptTypes(source);
    } catch {
      throw new Error(`it is no JavaScript: ${messageOf(error)}`);
    }
    return new SourceTextModule(stripped, { context: world, identifier: FILE_NAME });
  }
}

/**
 * Errors of the runtime itself, such as that of `import()`, are objects of this world. From one of them the way leads
 * over constructors to code that runs here; these lines take that way, and what it would lead to, away.
 */
function closeThisWorld(): void {
  const kinds = [function plain() {}, async () => {}, function* generate() {}, async function* generateLater() {}];
  for (const kind of kinds) {
    Object.defineProperty(Object.getPrototypeOf(kind), 'constructor', { value: undefined });
  }
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'navigator', 'process', 'require', 'module']) {
    Object.defineProperty(globalThis, name, { value: undefined });
  }
}

const messageOf = (error: unknown): string => String((error as { message?: unknown } | null)?.message ?? error);
