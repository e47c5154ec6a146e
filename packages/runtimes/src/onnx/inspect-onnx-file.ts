import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Task, VersionSpec } from '@switchyard/contracts';
import type { Inspection } from './inspect-session.ts';

export interface InspectOptions {
  readonly path: string;
  /** What the upload says about the file; it wins over what is found where it fits. */
  readonly spec: VersionSpec;
  readonly task: Task;
  /** 60 seconds unless given. */
  readonly timeoutMs?: number;
  /** Resident memory that loading and running may take, the process itself included; 4096 unless given. */
  readonly memoryLimitMb?: number;
}

const childPath = fileURLToPath(new URL('./inspect-child.ts', import.meta.url));
const MAXIMUM_VERDICT_BYTES = 16_777_216;

/**
 * Finds the signature of an ONNX file, or the reason why it cannot be served, in a process of its own:
 * no file can crash, hang or fill the memory of the caller. Never rejects because of the file.
 */
export function inspectOnnxFile(options: InspectOptions): Promise<Inspection> {
  const { path, spec, task, timeoutMs = 60_000, memoryLimitMb = 4_096 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--max-old-space-size=1024', childPath], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      // Nothing of the caller's environment belongs to a process that runs foreign files.
      env: process.platform === 'win32' ? { SystemRoot: 'C:\\Windows' } : {},
    });
    let verdict = '';
    let hasTimedOut = false;
    const timer = setTimeout(() => {
      hasTimedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const [, , , output] = child.stdio;
    output?.on('data', (chunk: Buffer) => {
      verdict += chunk.toString('utf8');
      if (verdict.length > MAXIMUM_VERDICT_BYTES) child.kill('SIGKILL');
    });
    // It may end before it has read its request; the exit tells.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ path, spec, task, memoryLimitMb }));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (hasTimedOut) {
        resolve({ ok: false, reason: `Loading and trying the model took longer than ${timeoutMs / 1000} seconds.` });
        return;
      }
      resolve(
        parseVerdict(verdict) ?? { ok: false, reason: `Loading or running the model crashed (${signal ?? code}).` },
      );
    });
  });
}

function parseVerdict(text: string): Inspection | undefined {
  try {
    return JSON.parse(text) as Inspection;
  } catch {
    return undefined;
  }
}
