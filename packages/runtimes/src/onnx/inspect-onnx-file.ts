import type { Task, VersionSpec } from '@switchyard/contracts';
import type { Inspection } from './inspect-session.ts';
import { type InspectionOutcome, InspectorProcess } from './inspector-process.ts';

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

/** Starting a process takes longer than most files: one waits so long for the next of a series. */
const IDLE_MS = 5_000;
/** What files leave behind in a process does not add up for ever. */
const MAXIMUM_ANSWERS = 100;

let idle: { readonly inspector: InspectorProcess; readonly timer: NodeJS.Timeout } | undefined;

/**
 * Finds the signature of an ONNX file, or the reason why it cannot be served, in a process of its own:
 * no file can crash, hang or fill the memory of the caller. Never rejects because of the file.
 * A process that answered is used again; whatever ends one that inspected other files before is no verdict,
 * because it may be their doing: then a new one decides.
 */
export async function inspectOnnxFile(options: InspectOptions): Promise<Inspection> {
  const { path, spec, task, timeoutMs = 60_000, memoryLimitMb = 4_096 } = options;
  const order = { path, spec, task, memoryLimitMb };
  const used = takeIdle();
  const first = used && (await ask(used, order, timeoutMs));
  const outcome = first?.kind === 'verdict' ? first : await ask(new InspectorProcess(), order, timeoutMs);
  return toInspection(outcome, timeoutMs);
}

async function ask(
  inspector: InspectorProcess,
  order: Parameters<InspectorProcess['inspect']>[0],
  timeoutMs: number,
): Promise<InspectionOutcome> {
  const outcome = await inspector.inspect(order, timeoutMs);
  if (outcome.kind === 'verdict' && inspector.answered < MAXIMUM_ANSWERS && idle === undefined) {
    const timer = setTimeout(() => takeIdle()?.kill(), IDLE_MS);
    timer.unref();
    idle = { inspector, timer };
  } else {
    inspector.kill();
  }
  return outcome;
}

function takeIdle(): InspectorProcess | undefined {
  if (idle === undefined) return undefined;
  const { inspector, timer } = idle;
  clearTimeout(timer);
  idle = undefined;
  return inspector.isUsable ? inspector : undefined;
}

function toInspection(outcome: InspectionOutcome, timeoutMs: number): Inspection {
  if (outcome.kind === 'timeout') {
    return { ok: false, reason: `Loading and trying the model took longer than ${timeoutMs / 1000} seconds.` };
  }
  if (outcome.kind === 'crash') {
    return { ok: false, reason: `Loading or running the model crashed (${outcome.how}).` };
  }
  return outcome.inspection;
}
