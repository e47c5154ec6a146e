import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Inspection, InspectionRequest } from './inspect-session.ts';

/** A question to the child. Both sides write one JSON text a line. */
export interface InspectionOrder extends InspectionRequest {
  readonly memoryLimitMb: number;
}

/** What became of an order: the child's verdict, or how the child ended over it. */
export type InspectionOutcome =
  | { readonly kind: 'verdict'; readonly inspection: Inspection }
  /** The verdict is the last word of a child that ended itself for want of memory. */
  | { readonly kind: 'too much memory'; readonly inspection: Inspection }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'crash'; readonly how: string };

const childPath = fileURLToPath(new URL('./inspect-child.ts', import.meta.url));
const MAXIMUM_VERDICT_BYTES = 16_777_216;

/**
 * A process that inspects files, one at a time. It runs foreign files: it gets nothing of the caller's environment,
 * and ends by itself when the caller does.
 */
export class InspectorProcess {
  readonly #child: ChildProcess;
  #received = '';
  #settle: ((outcome: InspectionOutcome) => void) | undefined;
  #startFailure: Error | undefined;
  #hasEnded = false;
  /** Orders that were answered with a verdict. */
  answered = 0;

  constructor() {
    this.#child = spawn(process.execPath, ['--max-old-space-size=1024', childPath], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      env: process.platform === 'win32' ? { SystemRoot: 'C:\\Windows' } : {},
    });
    // Decoded as a stream: a piece may end within a letter.
    this.#output.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // It may end before it has read its order; the exit tells.
    this.#child.stdin?.on('error', () => {});
    this.#child.once('error', (error) => {
      this.#startFailure = error;
    });
    this.#child.once('close', (code, signal) => {
      this.#hasEnded = true;
      this.#end(`${signal ?? code}`);
    });
  }

  get isUsable(): boolean {
    return !this.#hasEnded && this.#startFailure === undefined;
  }

  /** Rejects only when the process cannot be started. After any outcome but a verdict the process is gone. */
  async inspect(order: InspectionOrder, timeoutMs: number): Promise<InspectionOutcome> {
    this.#refer(true);
    const outcome = await new Promise<InspectionOutcome>((resolve) => {
      const timer = setTimeout(() => {
        this.#settle = undefined;
        this.kill();
        resolve({ kind: 'timeout' });
      }, timeoutMs);
      this.#settle = (settled) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(settled);
      };
      if (!this.isUsable) this.#end('it could not be asked');
      else this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
    if (this.#startFailure !== undefined) throw this.#startFailure;
    if (outcome.kind === 'verdict') this.answered += 1;
    this.#refer(false);
    return outcome;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  get #output(): NodeJS.ReadableStream {
    return this.#child.stdio[3] as NodeJS.ReadableStream;
  }

  /** An idle process keeps nobody alive. */
  #refer(isReferred: boolean): void {
    for (const each of [this.#child, this.#child.stdin, this.#output]) {
      const handle = each as { ref?: () => void; unref?: () => void } | null;
      if (isReferred) handle?.ref?.();
      else handle?.unref?.();
    }
  }

  #receive(text: string): void {
    this.#received += text;
    if (this.#received.length > MAXIMUM_VERDICT_BYTES) this.kill();
    const end = this.#received.indexOf('\n');
    if (end < 0) return;
    const outcome = parseOutcome(this.#received.slice(0, end));
    this.#received = this.#received.slice(end + 1);
    if (outcome !== undefined) this.#settle?.(outcome);
    else this.kill();
  }

  #end(how: string): void {
    this.#settle?.({ kind: 'crash', how });
  }
}

function parseOutcome(line: string): InspectionOutcome | undefined {
  try {
    return JSON.parse(line) as InspectionOutcome;
  } catch {
    return undefined;
  }
}
